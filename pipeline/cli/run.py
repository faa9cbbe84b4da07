"""`flowers run`."""

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.common.errors import UsageError
from data.common.garbage_collection import no_garbage_collection
from pipeline.cli.options import AsJson, Config, Data, Plain, Root, Set, Verbose, settings_of
from pipeline.exit_codes import DONE

if TYPE_CHECKING:
    from pipeline.local.seeds import SeedRuns


def complete_step() -> list[str]:
    """Returns the names of the steps, for completion in the shell."""
    from pipeline.steps import STEPS

    return list(STEPS)


_step_option = partial(typer.Option, metavar="STEP", autocompletion=complete_step)


def run(
    config: Config = "quickstart",
    data: Data = None,
    root: Root = Path("runs"),
    overrides: Set = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Train each of these seeds, such as 0..2, and compare."),
    ] = None,
    first: Annotated[
        str | None, _step_option("--from", help="Rerun this step and all that depend on it.")
    ] = None,
    last: Annotated[str | None, _step_option("--until", help="Stop after this step.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which steps would run and why; run nothing.")
    ] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Rerun every step.")] = False,
    as_json: AsJson = False,
    plain: Plain = False,
    verbose: Verbose = False,
) -> None:
    """Train a model, evaluate it, and push it if it passes the gate.

    Only steps whose data, settings or code changed are run; the others come from the cache. The
    same command resumes an interrupted run.

    With --seeds, the steps from the Trainer to the gate run for each seed on the same images, and
    nothing is pushed. A table at the end has the figures of each seed and their spread; --json
    prints it as JSON, and the progress to standard error. The exit code is 0 if each seed has a
    result, whatever the gate says of its model.

    Exit codes:
      0         the model passed the gate and is served
      1         a step failed
      2         settings, paths or files are wrong; nothing was done
      3         the gate refused the model; nothing was pushed
      4         the data was refused
      130, 143  interrupted by Ctrl-C or SIGTERM

    Examples:
      flowers run
      flowers run --config squeezenet --data photos/records --root runs/photos
      flowers run --set trainer.epochs=5 --set gate.target=0.7
      flowers run --from Trainer --dry-run
      flowers run --config squeezenet --seeds 0..2
    """
    with no_garbage_collection():
        from pipeline.local.run import Selection, run_pipeline
        from pipeline.reporting.view import View

    settings = settings_of(config, overrides, data)
    view = View(plain, verbose, on_stderr=as_json)
    if seeds is None:
        if as_json:
            raise UsageError("--json is for --seeds; `flowers runs --json` prints the runs")
        selection = Selection(first, last, enable_cache=not no_cache, dry_run=dry_run)
        raise typer.Exit(run_pipeline(settings, config, root, selection, view))
    if first or last or no_cache:
        raise UsageError(
            "--seeds excludes --from, --until and --no-cache: unchanged steps come from the cache, "
            "and the run of each seed ends after Gate"
        )
    from pipeline.local.seeds import SeedRuns, explain_seeds, parse_seeds

    folder = Path(os.path.abspath(root))
    asked = SeedRuns(seeds, parse_seeds(seeds), settings, config, folder, view)
    if dry_run:
        explain_seeds(asked)
        raise typer.Exit(DONE)
    _compare(asked, as_json)


def _compare(asked: "SeedRuns", as_json: bool) -> None:
    """Runs seeds and prints their results."""
    from pipeline.local.seeds import run_seeds
    from pipeline.reporting.seed_text import format_seeds

    table, code = run_seeds(asked)
    if as_json:
        typer.echo(json.dumps(table.model_dump(mode="json"), indent=2))
    else:
        typer.echo("")
        for line in format_seeds(table):
            typer.echo(line)
    raise typer.Exit(code)
