"""What the commands of `flowers vertex` share: the compiled job and the client for jobs."""

import logging
from typing import TYPE_CHECKING, Any

from data.common.errors import UsageError

if TYPE_CHECKING:
    from pipeline.settings.settings import Settings
    from pipeline.vertex.jobs import Jobs


def compile_checked(
    config: str, data: str | None, overrides: list[str] | None
) -> "tuple[Settings, dict[str, Any]]":
    """Returns the settings and the job that is compiled from them.

    Args:
      config: The value of `--config`.
      data: The value of `--data`.
      overrides: The values of `--set`.

    Raises:
      UsageError: The job would fail on Vertex; the message lists all known problems.
    """
    from pipeline.reporting.progress import progress_bar
    from pipeline.settings.loading import load_settings
    from pipeline.vertex.check import find_vertex_problems

    settings = load_settings(config, overrides or [], data)
    if problems := find_vertex_problems(settings):
        raise UsageError("\n  ".join([f"--config {config} would fail on Vertex:", *problems]))
    with progress_bar():
        logging.getLogger("flowers.progress").info("compiling the job, which takes about 20 s")
        from pipeline.vertex.compile import compile_job

        return settings, compile_job(settings)


def jobs_of(settings: "Settings") -> "Jobs":
    """Returns the client for the pipeline's jobs on Vertex."""
    from components.google_api import RetryPolicy
    from pipeline.vertex.jobs import Jobs

    return Jobs(settings.name, settings.vertex, RetryPolicy())
