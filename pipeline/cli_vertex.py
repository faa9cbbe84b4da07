"""`flowers vertex ...`."""

import typer

from pipeline.cli_options import Config, Data, Set
from pipeline.exit_codes import DONE, USAGE_ERROR

app = typer.Typer(help="The pipeline on Vertex AI Pipelines.", no_args_is_help=True)


@app.command("check")
def check(
    config: Config = "vertex-tpu",
    data: Data = None,
    overrides: Set = None,
) -> None:
    """Say all that would fail on Vertex, before any call. Exit code 2: something would."""
    from pipeline.config import load_settings
    from pipeline.vertex.check import find_problems

    problems = find_problems(load_settings(config, overrides or [], data))
    for problem in problems:
        typer.echo(problem)
    found = f"{len(problems)} things" if problems else "Nothing is known that"
    typer.echo(f"{found} would fail on Vertex with --config {config}.")
    raise typer.Exit(USAGE_ERROR if problems else DONE)
