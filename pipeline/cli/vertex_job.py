"""What the verbs of `flowers vertex` begin with; heavy imports happen inside."""

import logging
from typing import TYPE_CHECKING, Any

from components.model_store.location import EndpointLocation
from data.common.errors import UsageError

if TYPE_CHECKING:
    from pipeline.settings.settings import Settings
    from pipeline.vertex.jobs import Jobs


def compiled(
    config: str, data: str | None, overrides: list[str] | None
) -> "tuple[Settings, dict[str, Any]]":
    """Returns settings and the job that they make.

    Raises:
      UsageError: something would fail on Vertex; all that is known.
    """
    from pipeline.reporting.progress import progress_bar
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.check import find_vertex_problems

    settings = load_settings(config, overrides or [], data)
    if problems := find_vertex_problems(settings):
        raise UsageError("\n  ".join([f"--config {config} would fail on Vertex:", *problems]))
    with progress_bar():
        logging.getLogger("flowers.progress").info("compiling, which takes about 20 s")
        from pipeline.vertex.compile import compile_job

        return settings, compile_job(settings)


def jobs_of(settings: "Settings") -> "Jobs":
    """Returns the pipeline's jobs on Vertex."""
    from components.google_api import RetryPolicy
    from pipeline.vertex.jobs import Jobs

    return Jobs(settings.name, settings.vertex, RetryPolicy())


def endpoint_of(settings: "Settings") -> EndpointLocation:
    """Returns where the pipeline's endpoint is, or is to be."""
    vertex = settings.vertex
    return EndpointLocation(
        vertex.project, vertex.region, settings.push.endpoint.name or settings.name
    )
