"""What the steps of a job printed: Cloud Logging keeps it by the job of each container."""

from collections.abc import Iterator

from google.cloud.aiplatform_v1.types import PipelineJob
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import ListLogEntriesRequest, LogEntry

from data.errors import UsageError
from data.words import listed
from pipeline.vertex.jobs import id_of, steps_of
from pipeline.vertex.service import Patience, told
from pipeline.vertex.settings import VertexSettings


def log_lines(
    job: PipelineJob, step: str | None, number: int, vertex: VertexSettings, patience: Patience
) -> Iterator[str]:
    """Yields the last lines that each step printed, oldest first.

    Args:
      job: as the service answered it.
      step: one of its steps; None for all.
      number: of lines, of each step.
      vertex: the project.
      patience: how long the service is waited for.

    Raises:
      UsageError: there is no such step.
      ServiceError: the service did not answer.
    """
    containers = {
        task.task_name: [part for part in (detail.pre_caching_check_job, detail.main_job) if part]
        for task in steps_of(job)
        for detail in [task.executor_detail.container_detail]
    }
    if step is not None and step not in containers:
        raise UsageError(
            f"{id_of(job)} has no step {step!r} yet; it has {listed(list(containers)) or 'none'}"
        )
    client = LoggingServiceV2Client()
    for name in [step] if step else containers:
        for container in containers[name]:
            request = ListLogEntriesRequest(
                resource_names=[f"projects/{vertex.project}"],
                filter=f'resource.type="ml_job" AND resource.labels.job_id="{_last(container)}"',
                order_by="timestamp desc",
                page_size=number,
            )
            with told("asking for log entries"):
                pages = client.list_log_entries(request, **patience.options()).pages
                entries = list(next(iter(pages)).entries)
            yield from (f"{name}: {_text(entry)}" for entry in reversed(entries))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _text(entry: LogEntry) -> str:
    if entry.text_payload:
        return str(entry.text_payload)
    return str(dict(entry.json_payload or {}).get("message", entry.json_payload))
