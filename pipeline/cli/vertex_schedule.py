"""`flowers vertex schedule ...`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import AsJson, Config, Data, Set, print_list
from pipeline.cli.vertex_job import compiled, jobs_of

if TYPE_CHECKING:
    from pipeline.settings.settings import Settings
    from pipeline.vertex.schedules import Schedules

app = typer.Typer(help="Runs on Vertex at set times.", no_args_is_help=True)
Name = Annotated[str | None, typer.Option("--name", help="The pipeline's own if left out.")]
Cron = Annotated[str, typer.Option(help="Such as 'TZ=Europe/Paris 0 3 * * 1', Mondays at three.")]


@app.command("create")
def create(
    cron: Cron,
    config: Config = "vertex-tpu",
    data: Data = None,
    overrides: Set = None,
    name: Name = None,
    end: Annotated[datetime | None, typer.Option(help="No run begins later, in UTC.")] = None,
    max_runs: Annotated[int | None, typer.Option(min=1, help="At most so many runs.")] = None,
) -> None:
    """Run the pipeline at set times; takes the place of a schedule of that name."""
    settings, job = compiled(config, data, overrides)
    from pipeline.vertex.costs import format_costs
    from pipeline.vertex.schedules import SchedulePlan

    plan = SchedulePlan(
        name or settings.name, cron, end.replace(tzinfo=UTC) if end else None, max_runs
    )
    made, replaced = _schedules(settings).create(plan, jobs_of(settings).to_proto(job))
    for line in format_costs(settings):
        typer.echo(line)
    typer.echo(f"{plan.name} is active: {cron}, one run at a time, missed ones are left out")
    typer.echo(made.name)
    for old in replaced:
        typer.echo(f"It took the place of {old}, which is deleted.")


@app.command("list")
def list_(config: Config = "vertex-tpu", overrides: Set = None, as_json: AsJson = False) -> None:
    """List the schedules of the project and region."""
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.schedules import ScheduleEntry

    settings = load_settings(config, overrides or [])
    found = [ScheduleEntry.of(schedule) for schedule in _schedules(settings).find()]
    print_list(found, as_json, "no schedules; `flowers vertex schedule create` makes one")


@app.command("pause")
def pause(config: Config = "vertex-tpu", overrides: Set = None, name: Name = None) -> None:
    """Let no run begin until `resume`; one that is going on goes on."""
    from pipeline.settings.loading import load_settings

    settings = load_settings(config, overrides or [])
    typer.echo(f"{_schedules(settings).pause(name or settings.name).name} is paused.")


@app.command("resume")
def resume(config: Config = "vertex-tpu", overrides: Set = None, name: Name = None) -> None:
    """Let runs begin again; those that were missed are left out."""
    from pipeline.settings.loading import load_settings

    settings = load_settings(config, overrides or [])
    typer.echo(f"{_schedules(settings).resume(name or settings.name).name} is active.")


@app.command("delete")
def delete(config: Config = "vertex-tpu", overrides: Set = None, name: Name = None) -> None:
    """Remove a schedule; a run that is going on goes on."""
    from pipeline.settings.loading import load_settings

    settings = load_settings(config, overrides or [])
    for gone in _schedules(settings).delete(name or settings.name):
        typer.echo(f"{gone} is deleted.")


def _schedules(settings: "Settings") -> "Schedules":
    from components.google_api import RetryPolicy
    from pipeline.vertex.schedules import Schedules

    return Schedules(settings.vertex, RetryPolicy())
