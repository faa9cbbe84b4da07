"""`flowers schedule ...`."""

import datetime
import os
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import TransientError, UsageError
from pipeline.cli.options import Config, Data, Root, Set
from pipeline.exit_codes import DATA_REFUSED, DONE, FAILED, REFUSED, USAGE_ERROR

app = typer.Typer(help="Retraining at set times, on this machine.", no_args_is_help=True)
CRON = typer.Option(help="MINUTE HOUR DAY MONTH WEEKDAY, such as 'TZ=Europe/Paris 0 3 * * 1'.")
# How the errors begin that leave no run behind.
_USAGE = (UsageError.__name__, TransientError.__name__)
_CODES = {"failed": FAILED, "refused": REFUSED, "data refused": DATA_REFUSED}


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
    turns: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
) -> None:
    """Take a turn at each date, until a signal ends it: a run if anything is new, else none."""
    from pipeline.schedule.child import ChildRun
    from pipeline.schedule.cron import Dates, Every
    from pipeline.schedule.lock import only_one
    from pipeline.schedule.notify import Notifier
    from pipeline.schedule.service import Service, WallClock
    from pipeline.settings.loading import load_settings

    if (cron is None) == (watch is None):
        raise UsageError("flowers schedule run takes either --cron or --watch")
    # What is wrong with them is to be known now, and not on Monday night.
    settings = load_settings(config, overrides or [], data)
    where = Path(os.path.abspath(root))
    clock = WallClock()
    notifier = Notifier(settings.notify, settings.name, where, clock.now, typer.echo)
    notifier.check()
    quiet = settle if settle is not None else watch or 0
    options = _turn_options(config, data, root, overrides, quiet)
    options += ["--no-note"] if watch else []
    dates = Dates(cron) if cron else Every(watch or 0)
    with only_one(where):
        turn = ChildRun(options, where).take
        Service(dates, turn, clock, where, typer.echo, notifier.tell, retries).run(turns)


@app.command("once")
def once(
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    note: Annotated[bool, typer.Option(help="Leave an entry where there is nothing to do.")] = True,
    told: Annotated[bool, typer.Option("--told", hidden=True, help="By the caller.")] = False,
) -> None:
    """Take one turn: a run if anything is new. Exit codes are those of `run`; 0: nothing to do."""
    from pipeline.reporting.console import View
    from pipeline.schedule.scheduled_run import ScheduledRun, outcome_of
    from pipeline.settings.loading import load_settings

    where = Path(os.path.abspath(root))
    settings = load_settings(config, overrides or [], data)
    run = ScheduledRun(settings, config, where, settle or 0, note, View(plain=True)).take()
    if run.state in ("skipped", "failed") and not told:
        typer.echo(f"{run.state}: {outcome_of(run).words}")
    wrong = run.state == "failed" and (run.error or "").startswith(_USAGE)
    raise typer.Exit(USAGE_ERROR if wrong else _CODES.get(run.state, DONE))


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
    command += _turn_options(config, data, root, overrides, settle or 0)
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


def _turn_options(
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
    from pipeline.schedule.cron import Dates
    from pipeline.schedule.service import format_moment

    now = datetime.datetime.now(datetime.UTC)
    for date in islice(Dates(cron).following(now), number):
        typer.echo(format_moment(date))
