"""Submits, finds and cancels jobs on Vertex AI Pipelines."""

import datetime
import hashlib
import itertools
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from google.api_core.exceptions import AlreadyExists, NotFound
from google.cloud import aiplatform_v1 as v1

from components.google_api import RetryPolicy, service_errors
from components.region import Region
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.history.run import StepState
from pipeline.settings.vertex import VertexSettings
from pipeline.vertex.rehearsal.job import Json

# A label that shows whether a repeated call created the resource itself.
ATTEMPT_LABEL = "flowers-attempt"
_ID_DIGITS = 12
_LISTED = 20
# Vertex AI's SKIPPED is a step whose outputs came from the cache.
_STATES: dict[str, StepState] = {
    "PENDING": "waiting",
    "RUNNING": "running",
    "SUCCEEDED": "done",
    "SKIPPED": "cached",
    "FAILED": "failed",
    "NOT_TRIGGERED": "skipped",
    "CANCEL_PENDING": "interrupted",
    "CANCELLING": "interrupted",
    "CANCELLED": "interrupted",
}
_ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Jobs:
    """The jobs of one pipeline; every call that the service does not accept is a ServiceError.

    Attributes:
      pipeline: Name of the pipeline.
      vertex: Project, region, service account and network.
      retry_policy: How long calls are retried.
    """

    pipeline: str
    vertex: VertexSettings
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)

    def submit(self, job: Json) -> tuple[v1.PipelineJob, bool]:
        """Returns the running job, and whether this call created it.

        The id of a job contains a digest of its content. While the job runs, neither a repeated
        call nor another terminal submits it a second time.
        """
        proto = self.to_proto(job)
        stem = f"{self.pipeline}-{_digest(job, proto.service_account, proto.network)}"
        with service_errors("submitting the job"):
            for number in itertools.count(1):
                # A job that has ended keeps its id, so the next one gets another.
                job_id = stem if number == 1 else f"{stem}-{number}"
                existing = self._find(job_id)
                if existing and not has_ended(existing):
                    return existing, False
                if not existing:
                    return self._create(proto, job_id)
        raise AssertionError

    def get(self, job_id: str | None) -> v1.PipelineJob:
        """Returns the job with an id, or the newest job for None.

        Raises:
          UsageError: There is no such job.
        """
        with service_errors("listing jobs"):
            found = self._find(job_id) if job_id else next(iter(self.newest(1)), None)
            if found:
                return found
            known = format_list([id_of(job) for job in self.newest(_LISTED)]) or "none"
        raise UsageError(f"there is no job {job_id or ''} of {self.pipeline}; there are: {known}")

    def newest(self, number: int) -> list[v1.PipelineJob]:
        """Returns up to `number` jobs of the pipeline, newest first."""
        request = v1.ListPipelineJobsRequest(
            parent=self.vertex.where.parent, filter=f'pipeline_name="{self.pipeline}"',
            order_by="create_time desc", page_size=number,
        )  # fmt: skip
        with service_errors("listing jobs"):
            pages = self._client.list_pipeline_jobs(request, **self.retry_policy.options()).pages
            return list(next(iter(pages)).pipeline_jobs)

    def cancel(self, job: v1.PipelineJob) -> None:
        """Requests the cancellation of a job, which takes effect later."""
        with service_errors("cancelling the job"):
            self._client.cancel_pipeline_job(name=job.name, **self.retry_policy.options())

    def to_proto(self, job: Json) -> v1.PipelineJob:
        """Returns a compiled job as a message of the service, with account and network."""
        proto = v1.PipelineJob.from_json(json.dumps(job), ignore_unknown_fields=False)
        proto.service_account = self.vertex.service_account or ""
        proto.network = self.vertex.network or ""
        return proto

    def _create(self, proto: v1.PipelineJob, job_id: str) -> tuple[v1.PipelineJob, bool]:
        proto.labels[ATTEMPT_LABEL] = uuid.uuid4().hex
        request = v1.CreatePipelineJobRequest(
            parent=self.vertex.where.parent, pipeline_job=proto, pipeline_job_id=job_id
        )
        try:
            return self._client.create_pipeline_job(request, **self.retry_policy.options()), True
        except AlreadyExists:
            # A retry after a lost response, or another terminal was faster.
            existing = self._get(job_id)
            return existing, existing.labels.get(ATTEMPT_LABEL) == proto.labels[ATTEMPT_LABEL]

    def _get(self, job_id: str) -> v1.PipelineJob:
        name = f"{self.vertex.where.parent}/pipelineJobs/{job_id}"
        return self._client.get_pipeline_job(name=name, **self.retry_policy.options())

    def _find(self, job_id: str) -> v1.PipelineJob | None:
        try:
            return self._get(job_id)
        except NotFound:
            return None

    @property
    def _client(self) -> v1.PipelineServiceClient:
        return v1.PipelineServiceClient(client_options=self.vertex.where.options)


def id_of(job: v1.PipelineJob) -> str:
    """Returns the last part of a job's name."""
    return job.name.rpartition("/")[2]


def console_link(vertex: VertexSettings, job: v1.PipelineJob) -> str:
    """Returns the URL of a job in Google Cloud's console."""
    runs = f"https://console.cloud.google.com/vertex-ai/locations/{vertex.region}/pipelines/runs"
    return f"{runs}/{id_of(job)}?project={vertex.project}"


def state_of(job: v1.PipelineJob) -> str:
    """Returns the state of a job in lower case, such as `running`."""
    return v1.PipelineState(job.state).name.removeprefix("PIPELINE_STATE_").lower()


def has_ended(job: v1.PipelineJob) -> bool:
    """Returns whether a job has ended, successfully or not."""
    return state_of(job) in _ENDED


def steps_of(job: v1.PipelineJob) -> list[v1.PipelineTaskDetail]:
    """Returns the tasks of a job that are steps, in the order of their creation."""
    tasks = [t for t in job.job_detail.task_details if t.task_name not in (id_of(job), "tfx-dag")]
    return sorted(tasks, key=lambda task: (task.create_time or job.create_time, task.task_name))


def step_state(task: v1.PipelineTaskDetail) -> StepState:
    """Returns the state of a step, as the history of local runs defines it."""
    return _STATES.get(v1.PipelineTaskDetail.State(task.state).name, "waiting")


def seconds_between(start: Any, end: Any) -> float:
    """Returns the seconds between two times, or until now; 0 before the start."""
    return ((end or datetime.datetime.now(datetime.UTC)) - start).total_seconds() if start else 0.0


def read_job(name: str, retry_policy: RetryPolicy = RetryPolicy()) -> v1.PipelineJob:  # noqa: B008 (it is frozen)
    """Returns the job with a resource name, `projects/P/locations/R/pipelineJobs/ID`.

    Raises:
      ServiceError: The service does not return it.
    """
    _, project, _, region, *_ = name.split("/")
    client = v1.PipelineServiceClient(client_options=Region(project, region).options)
    with service_errors("reading the job"):
        return client.get_pipeline_job(name=name, **retry_policy.options())


def _digest(job: Json, *options: str) -> str:
    content = json.dumps([job, *options], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:_ID_DIGITS]
