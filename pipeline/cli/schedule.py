"""`flowers schedule ...`."""

import datetime
import os
import sys
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from pipeline.cli.app import App
from pipeline.cli.options import Config, Cron, Data, Root, Set, settings_of

app = App("Retrain on a schedule on this machine.")

Settle = Annotated[
    float | None,
    typer.Option(
        min=0, metavar="MINUTES",
        help="Time without changes after which a folder without _SUCCESS is complete; "
        "default: the interval of --watch, else 0.",
    ),
]  # fmt: skip
Units = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of the units; default: systemd's folder of the user."),
]


@app.command("run")
def run(
    cron: Annotated[str | None, Cron] = None,
    watch: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="MINUTES", help="Instead of --cron: check for new data."),
    ] = None,
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    retries: Annotated[
        int, typer.Option(min=0, metavar="N", help="Retries after a transient error.")
    ] = 3,
    runs: Annotated[
        int | None,
        typer.Option("--runs", "--turns", min=1, metavar="N", help="Stop after N scheduled runs."),
    ] = None,
) -> None:
    """Run the pipeline at set times, until Ctrl-C or SIGTERM.

    A scheduled run that finds no new data, settings or code is skipped.

    Examples:
      flowers schedule run --cron "0 3 * * 1" --data 'records/span-{SPAN}/*'
      flowers schedule run --watch 30 --config mine.yaml --root /data/runs
    """
    from pipeline.schedule.child import run_child
    from pipeline.schedule.cron import CronSchedule, IntervalSchedule
    from pipeline.schedule.notify import Notifier
    from pipeline.schedule.service import Clock, Service, schedule_lock

    if (cron is None) == (watch is None):
        raise UsageError("flowers schedule run takes either --cron or --watch")
    # Errors in the settings are found now instead of at the first scheduled run.
    settings = settings_of(config, overrides, data)
    folder = Path(os.path.abspath(root))
    clock = Clock()
    notifier = Notifier(settings.notify, settings.name, folder, clock.now, typer.echo)
    notifier.check()
    settle = settle if settle is not None else watch or 0
    options = _run_options(config, data, root, overrides, settle)
    options += ["--no-note"] if watch else []
    dates = CronSchedule(cron) if cron else IntervalSchedule(watch or 0)
    with schedule_lock(folder):
        child = partial(run_child, options, folder)
        Service(dates, child, clock, folder, typer.echo, notifier.notify, retries).run(runs)


@app.command("once")
def once(
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    note: Annotated[bool, typer.Option(help="Record a skipped run in the history.")] = True,
    reported: Annotated[bool, typer.Option("--reported-by-caller", hidden=True)] = False,
) -> None:
    """Run the pipeline once if data, settings or code are new.

    For a scheduler of your own. The exit codes are those of `flowers run`; 0 also if there was
    nothing to do.

    Examples:
      flowers schedule once --config mine.yaml --root /data/runs
      flowers schedule once --data 'records/span-{SPAN}/*' --settle 10
    """
    from pipeline.reporting.view import View
    from pipeline.schedule.scheduled_run import ScheduledRun, outcome_of

    folder = Path(os.path.abspath(root))
    settings = settings_of(config, overrides, data)
    scheduled = ScheduledRun(settings, config, folder, settle or 0, note, View(plain=True))
    run, exit_code = scheduled.run()
    if run.state in ("skipped", "failed") and not reported:
        typer.echo(f"{run.state}: {outcome_of(run).text}")
    raise typer.Exit(exit_code)


@app.command("next")
def print_next(
    cron: Annotated[str, Cron],
    number: Annotated[int, typer.Option("-n", min=1, metavar="N", help="Number of dates.")] = 5,
) -> None:
    """Print the next dates of a schedule.

    Time zone and daylight saving are taken into account.

    Examples:
      flowers schedule next --cron "TZ=Europe/Paris 0 3 * * 1" -n 10
    """
    from pipeline.schedule.cron import CronSchedule
    from pipeline.schedule.service import format_moment

    now = datetime.datetime.now(datetime.UTC)
    for date in islice(CronSchedule(cron).following(now), number):
        typer.echo(format_moment(date))


@app.command("install")
def install(
    cron: Annotated[str, Cron],
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    units: Units = None,
    start: Annotated[bool, typer.Option(help="Start the timer now, or only write it.")] = True,
) -> None:
    """Install a systemd timer that runs the pipeline at set times.

    A run that was missed while the machine was off is made up for once.

    Examples:
      flowers schedule install --cron "0 3 * * 1" --config mine.yaml --root runs
      flowers schedule install --cron "0 3 * * 1" --units . --no-start
    """
    from pipeline.schedule import systemd

    name = settings_of(config, overrides, data).name
    command = [str(Path(sys.argv[0]).resolve()), "schedule", "once"]
    command += _run_options(config, data, root, overrides, settle or 0)
    folder = units or systemd.unit_folder()
    files = systemd.install(name, cron, command, folder, start)
    for file in files:
        typer.echo(f"wrote {file}")
    typer.echo(f"{'Runs' if start else 'Would run'} at: {systemd.on_calendar(cron)}")
    if not start:
        typer.echo(f"The timer is not started; `{systemd.start_command(files)}` starts it.")
    typer.echo("Without `loginctl enable-linger`, the timer only runs while you are logged in.")


@app.command("status")
def status(config: Config = "quickstart", overrides: Set = None) -> None:
    """Show systemd's status of the timer and of its last run.

    Examples:
      flowers schedule status --config mine.yaml
    """
    from pipeline.schedule import systemd

    typer.echo(systemd.status(settings_of(config, overrides).name), nl=False)


@app.command("remove")
def remove(config: Config = "quickstart", overrides: Set = None, units: Units = None) -> None:
    """Remove the systemd timer; a run in progress is stopped.

    Examples:
      flowers schedule remove --config mine.yaml
    """
    from pipeline.schedule import systemd

    name = settings_of(config, overrides).name
    for file in systemd.remove(name, units or systemd.unit_folder()):
        typer.echo(f"removed {file}")


def _run_options(
    config: str, data: str | None, root: Path, overrides: list[str] | None, settle: float
) -> list[str]:
    """Returns the options of `flowers schedule once`, which can be called from any folder."""
    named = config if not config.endswith((".yaml", ".yml")) else os.path.abspath(config)
    options = ["--config", named, "--root", os.path.abspath(root), "--settle", str(settle)]
    options += ["--data", data] if data else []
    return options + [option for pair in overrides or [] for option in ("--set", pair)]
