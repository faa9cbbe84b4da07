"""`flowers vertex ...`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.formatting import shell_word
from pipeline.cli import vertex_schedule
from pipeline.cli.app import App
from pipeline.cli.options import Config, Data, Plain, Set, Verbose, settings_of
from pipeline.cli.vertex_jobs import cancel, compile_checked, jobs, logs, rollback, status, submit
from pipeline.exit_codes import DONE, USAGE_ERROR

app = App("Run the pipeline on Google Cloud (Vertex AI Pipelines).")


@app.command("check")
def check(config: Config = "vertex-tpu", data: Data = None, overrides: Set = None) -> None:
    """List everything that would fail on Vertex.

    Google Cloud is not called. The exit code is 2 if anything would fail. What is not known, such
    as a new machine type, is a warning.

    Examples:
      flowers vertex check --config mine.yaml
      flowers vertex check --config vertex-gpu --set vertex.project=my-project
    """
    from pipeline.vertex.check import find_vertex_problems
    from pipeline.vertex.offer_warnings import find_vertex_warnings

    settings = settings_of(config, overrides, data)
    problems = find_vertex_problems(settings)
    for problem in problems:
        typer.echo(problem)
    for warning in find_vertex_warnings(settings):
        typer.echo(f"warning: {warning}")
    found = f"{len(problems)} problems" if problems else "no problems"
    typer.echo(f"{found} found with --config {config}")
    raise typer.Exit(USAGE_ERROR if problems else DONE)


@app.command("compile")
def compile_(
    config: Config = "vertex-tpu",
    data: Data = None,
    overrides: Set = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="The job of `flowers tune`: the data, then the search.")
    ] = False,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File for the job.")] = Path("job.json"),
) -> None:
    """Compile the job for Vertex to a file.

    Google Cloud is not called. The same settings and code always give the same file.

    Examples:
      flowers vertex compile --config vertex-sample --out job.json
      flowers vertex compile --config vertex-gpu --tune --set tune.trials=20
    """
    if not os.access(out.parent, os.W_OK):
        raise UsageError(f"--out: {out.parent} is not a writable folder")
    settings, job = compile_checked(config, data, overrides, tune)
    from pipeline.vertex.compile import as_text

    write_whole(out, as_text(job))
    steps = len(job["pipelineSpec"]["deploymentSpec"]["executors"])
    typer.echo(f"{out}: pipeline {settings.name}, {steps} steps, for {settings.vertex.root}")
    for name, value in job["runtimeConfig"]["parameterValues"].items():
        typer.echo(f"  {name} = {' '.join(str(value).split())}")
    typer.echo(f"Next: flowers vertex rehearse {shell_word(str(out))} --root runs/rehearsal")


@app.command("rehearse")
def rehearse(
    job: Annotated[
        Path, typer.Argument(metavar="FILE", help="Job that `flowers vertex compile` wrote.")
    ],
    root: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder that stands for the bucket of vertex.root.")
    ],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help="Parameter of the job; repeatable."),
    ] = None,
    plain: Plain = False,
    verbose: Verbose = False,
) -> None:
    """Run a compiled job on this machine.

    Each step runs by the command that Vertex would use. The exit codes are those of `flowers run`.

    Examples:
      flowers vertex rehearse job.json --root out --parameter data_root=data/sample
    """
    from pipeline.reporting.view import View
    from pipeline.vertex import rehearse

    raise typer.Exit(rehearse.rehearse(job, root, parameters or [], View(plain, verbose)))


for command in (submit, status, jobs, logs, cancel, rollback):
    app.command()(command)
app.add_typer(vertex_schedule.app, name="schedule")
