"""`flowers vertex submit` and the commands for submitted jobs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.common.errors import UsageError
from data.common.formatting import shell_word
from data.common.progress import progress
from pipeline.cli.options import AsJson, Config, Data, Set, print_list, settings_of

if TYPE_CHECKING:
    from pipeline.settings.settings import Settings
    from pipeline.vertex.jobs import Jobs

JobId = Annotated[
    str | None, typer.Argument(metavar="JOB", help="Id of a job; default: the newest job.")
]


def compile_checked(
    config: str, data: str | None, overrides: list[str] | None, tune: bool = False
) -> "tuple[Settings, dict[str, Any]]":
    """Returns the settings and the job that is compiled from them, with `tune` that of a search.

    Raises:
      UsageError: The job would fail on Vertex; the message lists all known problems.
    """
    from pipeline.reporting.progress import progress_bar
    from pipeline.vertex.check import find_vertex_problems
    from pipeline.vertex.offer_warnings import find_vertex_warnings

    settings = settings_of(config, overrides, data)
    if problems := find_vertex_problems(settings):
        raise UsageError("\n  ".join([f"--config {config} would fail on Vertex:", *problems]))
    for warning in find_vertex_warnings(settings):
        typer.echo(f"warning: {warning}", err=True)
    with progress_bar():
        progress.info("compiling the job, which takes about 20 s")
        if tune:
            from pipeline.vertex.tuning_job import compile_search

            return settings, compile_search(settings)
        from pipeline.vertex.compile import compile_job

        return settings, compile_job(settings)


def jobs_of(settings: "Settings") -> "Jobs":
    """Returns the client for the pipeline's jobs on Vertex."""
    from pipeline.vertex.jobs import Jobs

    return Jobs(settings.name, settings.vertex)


def submit(
    config: Config = "vertex-tpu",
    data: Data = None,
    overrides: Set = None,
    yes: Annotated[bool, typer.Option("--yes", help="Submit without asking.")] = False,
) -> None:
    """Check and compile the job, show its price, and submit it.

    A job that is already running is not submitted a second time.

    Examples:
      flowers vertex submit --config mine.yaml
      flowers vertex submit --config mine.yaml --set trainer.epochs=20 --yes
    """
    settings, job = compile_checked(config, data, overrides)
    from pipeline.vertex.costs import format_costs
    from pipeline.vertex.jobs import console_link, id_of

    jobs = jobs_of(settings)
    for line in format_costs(settings):
        typer.echo(line)
    if not yes:
        typer.confirm(f"Run {settings.name} in {settings.vertex.project}?", abort=True)
    submitted, is_new = jobs.submit(job)
    start = "Submitted" if is_new else "This job is already running; nothing was submitted"
    typer.echo(f"{start}: {id_of(submitted)}")
    typer.echo(console_link(settings.vertex, submitted))
    typer.echo(f"Next: flowers vertex status --config {shell_word(config)}")


def status(
    job: JobId = None, config: Config = "vertex-tpu", overrides: Set = None, as_json: AsJson = False
) -> None:
    """Show the state of a job, its steps and the verdict of the gate.

    Exit codes:
      0  the job is running, or it has succeeded
      1  the job failed
      3  the gate refused the model

    Examples:
      flowers vertex status --config mine.yaml
      flowers vertex status flowers-1f0c --config mine.yaml --json
    """
    from pipeline.vertex.status import status_of

    settings = settings_of(config, overrides)
    found = status_of(jobs_of(settings).get(job), settings.vertex)
    typer.echo(found.model_dump_json(indent=2) if as_json else "\n".join(found.format()))
    raise typer.Exit(found.exit_code)


def jobs(config: Config = "vertex-tpu", overrides: Set = None, as_json: AsJson = False) -> None:
    """List the 20 newest jobs of the pipeline, newest first.

    Examples:
      flowers vertex jobs --config mine.yaml
    """
    from pipeline.vertex.status import status_of

    settings = settings_of(config, overrides)
    found = [status_of(job, settings.vertex) for job in jobs_of(settings).newest(20)]
    print_list(found, as_json, "no jobs; `flowers vertex submit` starts one")


def logs(
    job: JobId = None,
    step: Annotated[str | None, typer.Option(metavar="STEP", help="Default: all steps.")] = None,
    lines: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="Number of lines for each step.")
    ] = 50,
    config: Config = "vertex-tpu",
    overrides: Set = None,
) -> None:
    """Print the last log lines of a job's steps.

    Examples:
      flowers vertex logs --config mine.yaml
      flowers vertex logs --step Trainer --lines 500 --config mine.yaml
    """
    from pipeline.vertex.logs import log_lines

    settings = settings_of(config, overrides)
    for line in log_lines(jobs_of(settings).get(job), step, lines, settings.vertex):
        typer.echo(line)


def cancel(job: JobId = None, config: Config = "vertex-tpu", overrides: Set = None) -> None:
    """Cancel a running job; the artifacts of its finished steps stay.

    Examples:
      flowers vertex cancel --config mine.yaml
    """
    from pipeline.vertex.jobs import has_ended, id_of, state_of

    jobs = jobs_of(settings_of(config, overrides))
    found = jobs.get(job)
    if has_ended(found):
        raise UsageError(f"{id_of(found)} has already {state_of(found)}")
    jobs.cancel(found)
    typer.echo(f"{id_of(found)} is being cancelled; the artifacts of finished steps stay")


def rollback(config: Config = "vertex-tpu", overrides: Set = None) -> None:
    """Give all traffic of the endpoint to the previous version.

    Examples:
      flowers vertex rollback --config mine.yaml
    """
    from components.google_api import service_errors
    from components.model_store.endpoint import EndpointStore

    settings = settings_of(config, overrides)
    location = settings.endpoint
    try:
        with service_errors("rolling back"):
            current, withdrawn = EndpointStore(location, settings.push.endpoint).roll_back()
    except LookupError as error:
        raise UsageError(str(error)) from error
    typer.echo(f"{location.name} serves version {current}; version {withdrawn} gets no traffic")
