"""`flowers vertex submit` and what follows it."""

from typing import Annotated

import typer

from data.common.errors import UsageError
from pipeline.cli.options import AsJson, Config, Data, Set, print_list
from pipeline.cli.vertex_job import compiled, jobs_of

JobId = Annotated[str | None, typer.Argument(metavar="[JOB]", help="Newest if left out.")]


def submit(
    config: Config = "vertex-tpu",
    data: Data = None,
    overrides: Set = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Run the pipeline on Vertex: checked, compiled, and shown with its price before it begins."""
    settings, job = compiled(config, data, overrides)
    from pipeline.vertex.costs import format_costs
    from pipeline.vertex.jobs import id_of, link

    jobs = jobs_of(settings)
    for line in format_costs(settings):
        typer.echo(line)
    if not yes:
        typer.confirm(f"Run {settings.name} in {settings.vertex.project}?", abort=True)
    made, new = jobs.submit(job)
    told = "Submitted" if new else "This very job is going on already; nothing was submitted"
    typer.echo(f"{told}: {id_of(made)}")
    typer.echo(link(settings.vertex, made))
    typer.echo(f"How it goes: flowers vertex status --config {config}")


def status(
    job: JobId = None,
    config: Config = "vertex-tpu",
    overrides: Set = None,
    as_json: AsJson = False,
) -> None:
    """Say how a job is going. Exit code: 0, also while it goes on; 1: failed; 3: refused."""
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.status import status_of

    settings = load_settings(config, overrides or [])
    found = status_of(jobs_of(settings).get(job), settings.vertex)
    typer.echo(found.model_dump_json(indent=2) if as_json else "\n".join(found.format()))
    raise typer.Exit(found.exit_code)


def jobs(config: Config = "vertex-tpu", overrides: Set = None, as_json: AsJson = False) -> None:
    """List the pipeline's newest jobs, newest first."""
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.status import status_of

    settings = load_settings(config, overrides or [])
    found = [status_of(job, settings.vertex) for job in jobs_of(settings).newest(20)]
    print_list(found, as_json, "no jobs; `flowers vertex submit` makes one")


def cancel(job: JobId = None, config: Config = "vertex-tpu", overrides: Set = None) -> None:
    """Cancel a job that is going on."""
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.jobs import has_ended, id_of, state_of

    jobs = jobs_of(load_settings(config, overrides or []))
    found = jobs.get(job)
    if has_ended(found):
        raise UsageError(f"{id_of(found)} has {state_of(found)} already")
    jobs.cancel(found)
    typer.echo(f"{id_of(found)} is being cancelled; what it made stays.")


def logs(
    job: JobId = None,
    step: Annotated[str | None, typer.Option(help="One step; else all of them.")] = None,
    lines: Annotated[int, typer.Option(min=1, max=1000, help="The last ones of each step.")] = 50,
    config: Config = "vertex-tpu",
    overrides: Set = None,
) -> None:
    """Print what the steps of a job wrote."""
    from components.google_api import RetryPolicy
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.logs import log_lines

    settings = load_settings(config, overrides or [])
    found = jobs_of(settings).get(job)
    for line in log_lines(found, step, lines, settings.vertex, RetryPolicy()):
        typer.echo(line)


def rollback(config: Config = "vertex-tpu", overrides: Set = None) -> None:
    """Give all traffic of the endpoint to the version before; takes seconds."""
    from components.google_api import service_errors
    from components.model_store.endpoint import EndpointStore
    from pipeline.cli.vertex_job import endpoint_of
    from pipeline.settings.loading import load_settings

    settings = load_settings(config, overrides or [])
    location = endpoint_of(settings)
    try:
        with service_errors("going back"):
            now, before = EndpointStore(location, settings.push.endpoint).roll_back()
    except LookupError as error:
        raise UsageError(str(error)) from error
    typer.echo(f"{location.name} serves version {now} again; version {before} has no traffic.")
