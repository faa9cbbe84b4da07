"""The output of a job's steps; Cloud Logging stores it by the custom job of each container."""

import datetime
from collections.abc import Iterator
from itertools import islice

from google.cloud.aiplatform_v1 import JobServiceClient
from google.cloud.aiplatform_v1.types import ListCustomJobsRequest, PipelineJob, PipelineTaskDetail
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import ListLogEntriesRequest, LogEntry

from components.google_api import RetryPolicy, service_errors
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.settings.vertex import TRAINER, VertexSettings, custom_job_name
from pipeline.vertex.jobs import id_of, steps_of


def log_lines(
    job: PipelineJob, step: str | None, number: int, vertex: VertexSettings,
    policy: RetryPolicy | None = None,
) -> Iterator[str]:  # fmt: skip
    """Yields the last `number` lines of each container of a step, or of all steps, oldest first.

    Raises:
      UsageError: The job has no such step.
      ServiceError: The service did not answer.
    """
    tasks = {task.task_name: task for task in steps_of(job)}
    if step is not None and step not in tasks:
        raise UsageError(
            f"{id_of(job)} has no step {step!r} yet; it has {format_list(list(tasks)) or 'none'}"
        )
    client, policy = LoggingServiceV2Client(), policy or RetryPolicy()
    for name in [step] if step else tasks:
        for container in _containers(job, tasks[name], vertex, policy):
            request = ListLogEntriesRequest(
                resource_names=[f"projects/{vertex.project}"],
                filter=f'resource.type="ml_job" AND resource.labels.job_id="{container}"',
                order_by="timestamp desc", page_size=number,
            )  # fmt: skip
            with service_errors("listing log entries"):
                # A page can be empty although more pages follow.
                found = client.list_log_entries(request, **policy.options())
                entries = list(islice(found, number))
            yield from (f"{name}: {_text(entry)}" for entry in reversed(entries))


def _containers(
    job: PipelineJob, task: PipelineTaskDetail, vertex: VertexSettings, policy: RetryPolicy
) -> list[str]:
    """Returns the job ids of a step's containers: driver, executor and the Trainer's custom job."""
    detail = task.executor_detail.container_detail
    names = [name for name in (detail.pre_caching_check_job, detail.main_job) if name]
    if task.task_name == TRAINER and vertex.trainer and task.start_time:
        names += _custom_job(job, task, vertex, policy)
    return [name.rpartition("/")[2] for name in names]


def _custom_job(
    job: PipelineJob, task: PipelineTaskDetail, vertex: VertexSettings, policy: RetryPolicy
) -> list[str]:
    """Returns the name of the custom job that a Trainer started, or an empty list."""
    pipeline = job.pipeline_spec["pipelineInfo"]["name"]
    request = ListCustomJobsRequest(
        parent=vertex.where.parent, filter=f'display_name="{custom_job_name(pipeline)}"'
    )
    client = JobServiceClient(client_options=vertex.where.options)
    with service_errors("listing custom jobs"):
        found = list(client.list_custom_jobs(request, **policy.options()))
    end = task.end_time or datetime.datetime.now(datetime.UTC)
    return [custom.name for custom in found if task.start_time <= custom.create_time <= end][:1]


def _text(entry: LogEntry) -> str:
    if entry.text_payload:
        return str(entry.text_payload)
    return str(dict(entry.json_payload or {}).get("message", entry.json_payload))
