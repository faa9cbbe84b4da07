"""`flowers tune`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import AsJson, Config, Data, Plain, Root, Set, Verbose, settings_of


def tune(
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Number of trials; default: tune.trials."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.01, metavar="N", help="Time for all trials; default: tune.minutes."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the config of the best trial here."),
    ] = None,
    as_json: AsJson = False,
    plain: Plain = False,
    verbose: Verbose = False,
) -> None:
    """Train with several settings, and find those that are best on eval.

    The steps before the Trainer run as in `flowers run`, which shares their results. The first
    trial has the settings of the config, the others random ones from tune.space. A trial that is
    worse than most is stopped. The test images are not used, and nothing is pushed.

    The same command continues an interrupted search, and one with more trials or minutes goes on
    with it.

    Exit codes:
      0         the best settings are in tuned.yaml
      1         a step failed, or no trial succeeded
      2         settings, paths or files are wrong; nothing was done
      4         the data was refused
      130, 143  interrupted by Ctrl-C or SIGTERM

    Examples:
      flowers tune --config quickstart --trials 6
      flowers tune --config squeezenet --data photos/records --minutes 120
      flowers tune --trials 20 --out tuned.yaml
      flowers tune --set tune.space.trainer.batch_size=[16,32] --trials 2
    """
    from pipeline.local.tune import TuneRequest
    from pipeline.local.tune import as_json as values_of
    from pipeline.local.tune import tune as run_search
    from pipeline.reporting.view import View
    from pipeline.tuning.request import command_line

    request = TuneRequest(
        settings=settings_of(config, overrides, data),
        config=config,
        root=root,
        trials=trials,
        minutes=minutes,
        out=out,
        command=command_line(sys.argv[1:]),
        view=View(plain, verbose, on_stderr=as_json),
    )
    search, code = run_search(request)
    if as_json:
        typer.echo(json.dumps(values_of(search) if search else None, indent=2))
    raise typer.Exit(code)
