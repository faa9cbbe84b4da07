"""`flowers vertex ...`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from data.common.files import write_whole
from pipeline.cli import vertex_jobs, vertex_schedule
from pipeline.cli.options import Config, Data, Plain, Set, Verbose
from pipeline.cli.vertex_job import compiled
from pipeline.exit_codes import DONE, USAGE_ERROR

app = typer.Typer(help="The pipeline on Vertex AI Pipelines.", no_args_is_help=True)
app.add_typer(vertex_schedule.app, name="schedule")
Overrides = Annotated[
    list[str] | None,
    typer.Option("--parameter", help="Of the job, as name=value, such as target=0.9; repeatable."),
]


@app.command("check")
def check(config: Config = "vertex-tpu", data: Data = None, overrides: Set = None) -> None:
    """Say all that would fail on Vertex, before any call. Exit code 2: something would."""
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.check import find_vertex_problems

    problems = find_vertex_problems(load_settings(config, overrides or [], data))
    for problem in problems:
        typer.echo(problem)
    found = f"{len(problems)} things" if problems else "Nothing is known that"
    typer.echo(f"{found} would fail on Vertex with --config {config}.")
    raise typer.Exit(USAGE_ERROR if problems else DONE)


@app.command("compile")
def compile_(
    config: Config = "vertex-tpu",
    data: Data = None,
    overrides: Set = None,
    out: Annotated[Path, typer.Option(help="File that becomes the job.")] = Path("job.json"),
) -> None:
    """Make the job that Vertex runs: without any call, and always the same bytes."""
    if not os.access(out.parent, os.W_OK):
        raise UsageError(f"--out: {out.parent} is no folder that can be written")
    settings, job = compiled(config, data, overrides)
    from pipeline.vertex.compile import as_text

    write_whole(out, as_text(job))
    steps = len(job["pipelineSpec"]["deploymentSpec"]["executors"])
    typer.echo(f"{out}: pipeline {settings.name}, {steps} steps, for {settings.vertex.root}")
    for name, value in job["runtimeConfig"]["parameterValues"].items():
        typer.echo(f"  {name} = {' '.join(str(value).split())}")
    typer.echo(f"Try it: flowers vertex rehearse {out} --root runs/rehearsal")


@app.command("rehearse")
def rehearse(
    job: Annotated[Path, typer.Argument(help="What `flowers vertex compile` wrote.")],
    root: Annotated[Path, typer.Option(help="Folder that stands for vertex.root, on gs://.")],
    parameters: Overrides = None,
    plain: Plain = False,
    verbose: Verbose = False,
) -> None:
    """Play a compiled job on this machine, each step by the very command that Vertex would run."""
    from pipeline.reporting.console import View
    from pipeline.vertex.rehearse import rehearse as play

    raise typer.Exit(play(job, root, parameters or [], View(plain, verbose)))


for verb in (
    vertex_jobs.submit,
    vertex_jobs.status,
    vertex_jobs.jobs,
    vertex_jobs.cancel,
    vertex_jobs.logs,
    vertex_jobs.rollback,
):
    app.command()(verb)
