"""Submits, finds and cancels jobs on Vertex AI Pipelines."""

import hashlib
import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from google.api_core.exceptions import AlreadyExists, NotFound
from google.cloud.aiplatform_v1 import PipelineServiceClient
from google.cloud.aiplatform_v1.types import (
    CreatePipelineJobRequest,
    ListPipelineJobsRequest,
    PipelineJob,
    PipelineState,
    PipelineTaskDetail,
)

from components.google_api import RetryPolicy, service_errors
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.history.run import StepState
from pipeline.settings.vertex import VertexSettings
from pipeline.vertex.rehearsal.job import Json

# A label that tells whether a repeated call created the resource itself.
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
_ENDED = (
    PipelineState.PIPELINE_STATE_SUCCEEDED,
    PipelineState.PIPELINE_STATE_FAILED,
    PipelineState.PIPELINE_STATE_CANCELLED,
)


@dataclass(frozen=True)
class Jobs:
    """The jobs of one pipeline in a project and region.

    Attributes:
      pipeline: Name of the pipeline.
      vertex: Project, region, service account and network.
      retry_policy: How long calls are retried.
    """

    pipeline: str
    vertex: VertexSettings
    retry_policy: RetryPolicy

    def submit(self, job: Json) -> tuple[PipelineJob, bool]:
        """Returns the running job, and whether this call created it.

        The id of a job contains a digest of its content. While the job runs, neither a repeated
        call nor another terminal submits it a second time.

        Args:
          job: A compiled job, see `pipeline.vertex.compile`.

        Raises:
          ServiceError: The service did not accept the job.
        """
        proto = self.to_proto(job)
        stem = f"{self.pipeline}-{_digest(job, proto.service_account, proto.network)}"
        with service_errors("submitting the job"):
            for job_id in _ids(stem):
                existing = self._find(job_id)
                if existing and existing.state not in _ENDED:
                    return existing, False
                if not existing:
                    return self._create(proto, job_id)
        raise AssertionError

    def get(self, job_id: str | None) -> PipelineJob:
        """Returns the job with an id, or the newest job for None.

        Raises:
          UsageError: There is no such job.
          ServiceError: The service did not answer.
        """
        with service_errors("listing jobs"):
            found = self._find(job_id) if job_id else next(iter(self.newest(1)), None)
            if found:
                return found
            known = format_list([id_of(job) for job in self.newest(_LISTED)]) or "none"
        raise UsageError(f"there is no job {job_id or ''} of {self.pipeline}; there are: {known}")

    def newest(self, number: int) -> list[PipelineJob]:
        """Returns up to `number` jobs of the pipeline, newest first.

        Raises:
          ServiceError: The service did not answer.
        """
        request = ListPipelineJobsRequest(
            parent=self.vertex.where.parent,
            filter=f'pipeline_name="{self.pipeline}"',
            order_by="create_time desc",
            page_size=number,
        )
        with service_errors("listing jobs"):
            pages = self._client.list_pipeline_jobs(request, **self.retry_policy.options()).pages
            return list(next(iter(pages)).pipeline_jobs)

    def cancel(self, job: PipelineJob) -> None:
        """Requests the cancellation of a job, which takes effect later.

        Raises:
          ServiceError: The service did not accept the request.
        """
        with service_errors("cancelling the job"):
            self._client.cancel_pipeline_job(name=job.name, **self.retry_policy.options())

    def to_proto(self, job: Json) -> PipelineJob:
        """Returns a compiled job as a message of the service, with account and network."""
        vertex = self.vertex
        proto = PipelineJob.from_json(json.dumps(job), ignore_unknown_fields=False)
        proto.service_account = vertex.service_account or ""
        proto.network = vertex.network or ""
        return proto

    def _create(self, proto: PipelineJob, job_id: str) -> tuple[PipelineJob, bool]:
        proto.labels[ATTEMPT_LABEL] = uuid.uuid4().hex
        request = CreatePipelineJobRequest(
            parent=self.vertex.where.parent, pipeline_job=proto, pipeline_job_id=job_id
        )
        try:
            return self._client.create_pipeline_job(request, **self.retry_policy.options()), True
        except AlreadyExists:
            # A retry after a lost response, or another terminal was faster.
            existing = self._get(job_id)
            return existing, existing.labels.get(ATTEMPT_LABEL) == proto.labels[ATTEMPT_LABEL]

    def _get(self, job_id: str) -> PipelineJob:
        name = f"{self.vertex.where.parent}/pipelineJobs/{job_id}"
        return self._client.get_pipeline_job(name=name, **self.retry_policy.options())

    def _find(self, job_id: str) -> PipelineJob | None:
        try:
            return self._get(job_id)
        except NotFound:
            return None

    @property
    def _client(self) -> PipelineServiceClient:
        return PipelineServiceClient(client_options=self.vertex.where.options)


def id_of(job: PipelineJob) -> str:
    """Returns the last part of a job's name."""
    return job.name.rpartition("/")[2]


def console_link(vertex: VertexSettings, job: PipelineJob) -> str:
    """Returns the URL of a job in Google Cloud's console."""
    return (
        f"https://console.cloud.google.com/vertex-ai/locations/{vertex.region}/pipelines/runs/"
        f"{id_of(job)}?project={vertex.project}"
    )


def state_of(job: PipelineJob) -> str:
    """Returns the state of a job in lower case, such as `running`."""
    return PipelineState(job.state).name.removeprefix("PIPELINE_STATE_").lower()


def has_ended(job: PipelineJob) -> bool:
    """Returns whether a job has ended, successfully or not."""
    return job.state in _ENDED


def steps_of(job: PipelineJob) -> list[PipelineTaskDetail]:
    """Returns the tasks of a job that are steps, in the order of their creation."""
    tasks = [t for t in job.job_detail.task_details if t.task_name not in (id_of(job), "tfx-dag")]
    return sorted(tasks, key=lambda task: (task.create_time or job.create_time, task.task_name))


def step_state(task: PipelineTaskDetail) -> StepState:
    """Returns the state of a step, as the history of local runs defines it."""
    return _STATES.get(PipelineTaskDetail.State(task.state).name, "waiting")


def _digest(job: Json, *options: str) -> str:
    content = json.dumps([job, *options], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:_ID_DIGITS]


def _ids(stem: str) -> Iterator[str]:
    """Yields the ids of the first run of a job, of the second run, and so on."""
    yield stem
    for number in itertools.count(2):
        yield f"{stem}-{number}"
