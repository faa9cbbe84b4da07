"""`flowers vertex schedule ...`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import App
from pipeline.cli.options import AsJson, Config, Cron, Data, Set, print_list, settings_of
from pipeline.cli.vertex_jobs import compile_checked, jobs_of

if TYPE_CHECKING:
    from pipeline.settings.settings import Settings
    from pipeline.vertex.schedules import Schedules

app = App("Run the pipeline on Vertex at set times.")
Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Name of the schedule; default: the pipeline's."),
]


@app.command("create")
def create(
    cron: Annotated[str, Cron],
    config: Config = "vertex-tpu",
    data: Data = None,
    overrides: Set = None,
    name: Name = None,
    end: Annotated[
        datetime | None, typer.Option(metavar="DATE", help="Start no run after this date, in UTC.")
    ] = None,
    max_runs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Maximum number of runs.")
    ] = None,
) -> None:
    """Create a schedule on Vertex; it replaces one of the same name.

    One run at a time; missed runs are not made up for.

    Examples:
      flowers vertex schedule create --config mine.yaml --cron "0 3 * * 1"
      flowers vertex schedule create --cron "TZ=Asia/Tokyo 0 3 * * 1" --max-runs 9
    """
    settings, job = compile_checked(config, data, overrides)
    from pipeline.vertex.costs import format_costs
    from pipeline.vertex.schedules import SchedulePlan

    end = end and end.replace(tzinfo=UTC)
    plan = SchedulePlan(name or settings.name, cron, end, max_runs)
    made, replaced = _schedules(settings).create(plan, jobs_of(settings).to_proto(job))
    for line in format_costs(settings):
        typer.echo(line)
    typer.echo(f"{plan.name} is active: {cron}, one run at a time, missed runs are skipped")
    typer.echo(made.name)
    for old in replaced:
        typer.echo(f"It replaces {old}, which was deleted.")


@app.command("list")
def list_(config: Config = "vertex-tpu", overrides: Set = None, as_json: AsJson = False) -> None:
    """List the schedules of the project and region.

    Examples:
      flowers vertex schedule list --config mine.yaml
    """
    from pipeline.vertex.schedules import ScheduleEntry

    settings = settings_of(config, overrides)
    found = [ScheduleEntry.of(schedule) for schedule in _schedules(settings).find()]
    print_list(found, as_json, "no schedules; `flowers vertex schedule create` makes one")


@app.command("pause")
def pause(config: Config = "vertex-tpu", overrides: Set = None, name: Name = None) -> None:
    """Pause a schedule; a run in progress continues.

    Examples:
      flowers vertex schedule pause --config mine.yaml
    """
    settings = settings_of(config, overrides)
    typer.echo(f"{_schedules(settings).pause(name or settings.name).name} is paused")


@app.command("resume")
def resume(config: Config = "vertex-tpu", overrides: Set = None, name: Name = None) -> None:
    """Resume a paused schedule; missed runs are not made up for.

    Examples:
      flowers vertex schedule resume --config mine.yaml
    """
    settings = settings_of(config, overrides)
    typer.echo(f"{_schedules(settings).resume(name or settings.name).name} is active")


@app.command("delete")
def delete(config: Config = "vertex-tpu", overrides: Set = None, name: Name = None) -> None:
    """Delete a schedule; a run in progress continues.

    Examples:
      flowers vertex schedule delete --config mine.yaml
    """
    settings = settings_of(config, overrides)
    for deleted in _schedules(settings).delete(name or settings.name):
        typer.echo(f"{deleted} is deleted")


def _schedules(settings: "Settings") -> "Schedules":
    from pipeline.vertex.schedules import Schedules

    return Schedules(settings.vertex)
