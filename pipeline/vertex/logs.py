"""What the steps of a job printed: Cloud Logging keeps it by the job of each container."""

import datetime
from collections.abc import Iterator
from itertools import islice

from google.cloud.aiplatform_v1 import JobServiceClient
from google.cloud.aiplatform_v1.types import ListCustomJobsRequest, PipelineJob
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import ListLogEntriesRequest, LogEntry

from components.google_api import RetryPolicy, service_errors
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.settings.vertex import TRAINER, VertexSettings, custom_job_name
from pipeline.vertex.jobs import id_of, steps_of


def log_lines(
    job: PipelineJob, step: str | None, number: int, vertex: VertexSettings, patience: RetryPolicy
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
            f"{id_of(job)} has no step {step!r} yet; it has "
            f"{format_list(list(containers)) or 'none'}"
        )
    client = LoggingServiceV2Client()
    for name in [step] if step else containers:
        custom = _custom_job(job, vertex, patience) if name == TRAINER else []
        for container in [*containers[name], *custom]:
            request = ListLogEntriesRequest(
                resource_names=[f"projects/{vertex.project}"],
                filter=f'resource.type="ml_job" AND resource.labels.job_id="{_last(container)}"',
                order_by="timestamp desc",
                page_size=number,
            )
            with service_errors("asking for log entries"):
                # A page may be empty although more follow.
                found = client.list_log_entries(request, **patience.options())
                entries = list(islice(found, number))
            yield from (f"{name}: {_text(entry)}" for entry in reversed(entries))


def _custom_job(job: PipelineJob, vertex: VertexSettings, patience: RetryPolicy) -> list[str]:
    """Returns the custom job that the Trainer of a job started, if it did: there it trains."""
    (task,) = (task for task in steps_of(job) if task.task_name == TRAINER)
    if not vertex.trainer or not task.start_time:
        return []
    name = job.pipeline_spec["pipelineInfo"]["name"]
    request = ListCustomJobsRequest(
        parent=vertex.where.parent,
        filter=f'display_name="{custom_job_name(name)}"',
    )
    client = JobServiceClient(client_options=vertex.where.options)
    with service_errors("asking for custom jobs"):
        found = list(client.list_custom_jobs(request, **patience.options()))
    end = task.end_time or datetime.datetime.now(datetime.UTC)
    return [custom.name for custom in found if task.start_time <= custom.create_time <= end][:1]


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _text(entry: LogEntry) -> str:
    if entry.text_payload:
        return str(entry.text_payload)
    return str(dict(entry.json_payload or {}).get("message", entry.json_payload))
