"""`flowers schedule ...`."""

import datetime
import os
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from data.errors import UsageError
from pipeline.cli_options import Config, Data, Root, Set
from pipeline.exit_codes import DATA_REFUSED, DONE, FAILED, REFUSED

app = typer.Typer(help="Retraining at set times, on this machine.", no_args_is_help=True)
CRON = typer.Option(help="MINUTE HOUR DAY MONTH WEEKDAY, such as 'TZ=Europe/Paris 0 3 * * 1'.")
_CODES = {"failed": FAILED, "refused": REFUSED, "data refused": DATA_REFUSED}


Settle = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Minutes without change after which a folder without _SUCCESS is complete; "
        "with --watch those of --watch if left out, else 0.",
    ),
]


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
    from pipeline.config import load_settings
    from pipeline.notify import Notifier
    from pipeline.schedule.child import ChildTurn
    from pipeline.schedule.cron import Dates, Every
    from pipeline.schedule.lock import only_one
    from pipeline.schedule.service import Service, WallClock

    if (cron is None) == (watch is None):
        raise UsageError("flowers schedule run takes either --cron or --watch")
    # What is wrong with them is to be known now, and not on Monday night.
    settings = load_settings(config, overrides or [], data)
    where = Path(os.path.abspath(root))
    clock = WallClock()
    notifier = Notifier(settings.notify, settings.name, where, clock.now, typer.echo)
    notifier.check()
    quiet = settle if settle is not None else watch or 0
    options = ["--config", config, "--root", str(where), "--settle", str(quiet)]
    options += ["--data", data] if data else []
    options += [option for pair in overrides or [] for option in ("--set", pair)]
    options += ["--no-note"] if watch else []
    dates = Dates(cron) if cron else Every(watch or 0)
    with only_one(where):
        turn = ChildTurn(options, where).take
        Service(dates, turn, clock, where, typer.echo, notifier.tell, retries).run(turns)


@app.command("once")
def once(
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    settle: Settle = None,
    note: Annotated[bool, typer.Option(help="Leave an entry where there is nothing to do.")] = True,
) -> None:
    """Take one turn: a run if anything is new. Exit codes are those of `run`."""
    from pipeline.config import load_settings
    from pipeline.console import View
    from pipeline.schedule.turn import Turn, outcome_of

    where = Path(os.path.abspath(root))
    settings = load_settings(config, overrides or [], data)
    run = Turn(settings, config, where, settle or 0, note, View(plain=True)).take()
    if run.state in ("skipped", "failed"):
        typer.echo(f"{run.state}: {outcome_of(run).words}")
    raise typer.Exit(_CODES.get(run.state, DONE))


@app.command("next")
def following(
    cron: Annotated[str, CRON],
    number: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 5,
) -> None:
    """Print the next dates, with time zone and daylight saving."""
    from pipeline.schedule.cron import Dates
    from pipeline.schedule.service import in_words

    now = datetime.datetime.now(datetime.UTC)
    for date in islice(Dates(cron).following(now), number):
        typer.echo(in_words(date))
