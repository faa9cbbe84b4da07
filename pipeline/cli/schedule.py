"""`flowers schedule ...`."""

import datetime
import os
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from pipeline.cli.options import Config, Data, Root, Set

app = typer.Typer(help="Retraining at set times, on this machine.", no_args_is_help=True)
CRON = typer.Option(help="MINUTE HOUR DAY MONTH WEEKDAY, such as 'TZ=Europe/Paris 0 3 * * 1'.")


Settle = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Minutes without change after which a folder without _SUCCESS is complete; "
        "with --watch those of --watch if left out, else 0.",
    ),
]
Units = Annotated[Path | None, typer.Option(help="Folder of the units; systemd's own if left out.")]


@app.command("run")
def run(
    cron: Annotated[str | None, CRON] = None,
    watch: Annotated[
        float | None, typer.Option(min=0.1, help="Look for new data every so many minutes instead.")
    ] = None,
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    retries: Annotated[
        int, typer.Option(min=0, help="Of a turn that a full disk or a network spoilt.")
    ] = 3,
    runs: Annotated[
        int | None, typer.Option("--runs", "--turns", min=1, help="End after this many runs.")
    ] = None,
) -> None:
    """Take a turn at each date, until a signal ends it: a run if anything is new, else none."""
    from pipeline.schedule.child import ChildRun
    from pipeline.schedule.cron import CronSchedule, IntervalSchedule
    from pipeline.schedule.lock import schedule_lock
    from pipeline.schedule.notify import Notifier
    from pipeline.schedule.service import Clock, Service
    from pipeline.settings.loading import load_settings

    if (cron is None) == (watch is None):
        raise UsageError("flowers schedule run takes either --cron or --watch")
    # What is wrong with them is to be known now, and not on Monday night.
    settings = load_settings(config, overrides or [], data)
    where = Path(os.path.abspath(root))
    clock = Clock()
    notifier = Notifier(settings.notify, settings.name, where, clock.now, typer.echo)
    notifier.check()
    quiet = settle if settle is not None else watch or 0
    options = _run_options(config, data, root, overrides, quiet)
    options += ["--no-note"] if watch else []
    dates = CronSchedule(cron) if cron else IntervalSchedule(watch or 0)
    start = ChildRun(options, where).run
    with schedule_lock(where):
        Service(dates, start, clock, where, typer.echo, notifier.notify, retries).run(runs)


@app.command("once")
def once(
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    note: Annotated[bool, typer.Option(help="Leave an entry where there is nothing to do.")] = True,
    reported: Annotated[bool, typer.Option("--reported-by-caller", hidden=True)] = False,
) -> None:
    """Take one turn: a run if anything is new. Exit codes are those of `run`; 0: nothing to do."""
    from pipeline.reporting.console import View
    from pipeline.schedule.scheduled_run import ScheduledRun, outcome_of
    from pipeline.settings.loading import load_settings

    where = Path(os.path.abspath(root))
    settings = load_settings(config, overrides or [], data)
    scheduled = ScheduledRun(settings, config, where, settle or 0, note, View(plain=True))
    run, exit_code = scheduled.run()
    if run.state in ("skipped", "failed") and not reported:
        typer.echo(f"{run.state}: {outcome_of(run).text}")
    raise typer.Exit(exit_code)


@app.command("install")
def install(
    cron: Annotated[str, CRON],
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    units: Units = None,
    start: Annotated[bool, typer.Option(help="Tell systemd at once.")] = True,
) -> None:
    """Make a timer of systemd that takes the turns; a missed one is made up for."""
    from pipeline.schedule.systemd import install as write
    from pipeline.schedule.systemd import on_calendar, unit_folder
    from pipeline.settings.loading import load_settings

    name = load_settings(config, overrides or [], data).name
    command = [str(Path(sys.argv[0]).resolve()), "schedule", "once"]
    command += _run_options(config, data, root, overrides, settle or 0)
    for file in write(name, cron, command, units or unit_folder(), start):
        typer.echo(file)
    typer.echo(f"{'Takes' if start else 'Would take'} a turn at: {on_calendar(cron)}")
    typer.echo("Without `loginctl enable-linger` a user's timers rest while nobody is logged in.")


@app.command("status")
def status(config: Config = "quickstart", overrides: Set = None) -> None:
    """Say what systemd knows of the timer and of its last turn."""
    from pipeline.schedule.systemd import status as ask
    from pipeline.settings.loading import load_settings

    typer.echo(ask(load_settings(config, overrides or []).name), nl=False)


@app.command("remove")
def remove(config: Config = "quickstart", overrides: Set = None, units: Units = None) -> None:
    """Remove the timer; a turn that is being taken is ended."""
    from pipeline.schedule.systemd import remove as take_away
    from pipeline.schedule.systemd import unit_folder
    from pipeline.settings.loading import load_settings

    name = load_settings(config, overrides or []).name
    for file in take_away(name, units or unit_folder()):
        typer.echo(f"{file} is gone.")


def _run_options(
    config: str, data: str | None, root: Path, overrides: list[str] | None, settle: float
) -> list[str]:
    """Returns the options of `flowers schedule once`, which may run in any folder."""
    named = config if not config.endswith((".yaml", ".yml")) else os.path.abspath(config)
    options = ["--config", named, "--root", os.path.abspath(root), "--settle", str(settle)]
    options += ["--data", data] if data else []
    return options + [option for pair in overrides or [] for option in ("--set", pair)]


@app.command("next")
def following(
    cron: Annotated[str, CRON],
    number: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 5,
) -> None:
    """Print the next dates, with time zone and daylight saving."""
    from pipeline.schedule.cron import CronSchedule
    from pipeline.schedule.service import format_moment

    now = datetime.datetime.now(datetime.UTC)
    for date in islice(CronSchedule(cron).following(now), number):
        typer.echo(format_moment(date))
