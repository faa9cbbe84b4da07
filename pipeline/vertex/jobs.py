"""Jobs on Vertex AI Pipelines: submitted, watched, cancelled."""

import hashlib
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
from pipeline.history.runs import StepState
from pipeline.settings.vertex import VertexSettings
from pipeline.vertex.rehearsal.job import Json

# A label, by which a call that was repeated knows what it made itself.
ATTEMPT = "flowers-attempt"
_ID_DIGITS = 12
_LISTED = 20
# A step whose outputs came from the cache is SKIPPED to Vertex.
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
      pipeline: its name.
      vertex: where it runs, and as whom.
      patience: how long the service is waited for.
    """

    pipeline: str
    vertex: VertexSettings
    patience: RetryPolicy

    def submit(self, job: Json) -> tuple[PipelineJob, bool]:
        """Returns the job that runs, and whether this call made it.

        The id of a job is a digest of what it is: while that very job is going on it is not
        submitted a second time, neither by a repeated call nor by another terminal.

        Args:
          job: as `pipeline.vertex.compile` makes it.

        Raises:
          ServiceError: the service did not take it.
        """
        proto = self.proto(job)
        stem = f"{self.pipeline}-{_digest(job, proto.service_account, proto.network)}"
        with service_errors("submitting the job"):
            for job_id in _ids(stem):
                there = self._find(job_id)
                if there and there.state not in _ENDED:
                    return there, False
                if not there:
                    return self._create(proto, job_id)
        raise AssertionError

    def get(self, job_id: str | None) -> PipelineJob:
        """Returns a job, the newest one without an id.

        Raises:
          UsageError: there is none.
          ServiceError: the service did not answer.
        """
        with service_errors("asking for jobs"):
            found = self._find(job_id) if job_id else next(iter(self.newest(1)), None)
            if found:
                return found
            known = format_list([id_of(job) for job in self.newest(_LISTED)]) or "none"
        raise UsageError(f"there is no job {job_id or ''} of {self.pipeline}; there are: {known}")

    def newest(self, number: int) -> list[PipelineJob]:
        """Returns the newest jobs of the pipeline, newest first.

        Raises:
          ServiceError: the service did not answer.
        """
        request = ListPipelineJobsRequest(
            parent=self.vertex.where.parent,
            filter=f'pipeline_name="{self.pipeline}"',
            order_by="create_time desc",
            page_size=number,
        )
        with service_errors("asking for jobs"):
            pages = self._client.list_pipeline_jobs(request, **self.patience.options()).pages
            return list(next(iter(pages)).pipeline_jobs)

    def cancel(self, job: PipelineJob) -> None:
        """Asks for a job to be cancelled; it ends some time after that.

        Raises:
          ServiceError: the service did not take it.
        """
        with service_errors("cancelling the job"):
            self._client.cancel_pipeline_job(name=job.name, **self.patience.options())

    def proto(self, job: Json) -> PipelineJob:
        """Returns a compiled job in the service's own type, with account and network."""
        vertex = self.vertex
        proto = PipelineJob.from_json(json.dumps(job), ignore_unknown_fields=False)
        proto.service_account = vertex.service_account or ""
        proto.network = vertex.network or ""
        return proto

    def _create(self, proto: PipelineJob, job_id: str) -> tuple[PipelineJob, bool]:
        proto.labels[ATTEMPT] = uuid.uuid4().hex
        request = CreatePipelineJobRequest(
            parent=self.vertex.where.parent, pipeline_job=proto, pipeline_job_id=job_id
        )
        try:
            return self._client.create_pipeline_job(request, **self.patience.options()), True
        except AlreadyExists:
            # An answer was lost and the call repeated; or another terminal was faster.
            name = f"{self.vertex.where.parent}/pipelineJobs/{job_id}"
            made = self._client.get_pipeline_job(name=name, **self.patience.options())
            return made, made.labels.get(ATTEMPT) == proto.labels[ATTEMPT]

    def _find(self, job_id: str) -> PipelineJob | None:
        name = f"{self.vertex.where.parent}/pipelineJobs/{job_id}"
        try:
            return self._client.get_pipeline_job(name=name, **self.patience.options())
        except NotFound:
            return None

    @property
    def _client(self) -> PipelineServiceClient:
        return PipelineServiceClient(client_options=self.vertex.where.options)


def id_of(job: PipelineJob) -> str:
    """Returns the last part of a job's name."""
    return job.name.rpartition("/")[2]


def link(vertex: VertexSettings, job: PipelineJob) -> str:
    """Returns where the console shows a job."""
    return (
        f"https://console.cloud.google.com/vertex-ai/locations/{vertex.region}/pipelines/runs/"
        f"{id_of(job)}?project={vertex.project}"
    )


def state_of(job: PipelineJob) -> str:
    """Returns a job's state in a word, such as `running`."""
    return PipelineState(job.state).name.removeprefix("PIPELINE_STATE_").lower()


def has_ended(job: PipelineJob) -> bool:
    """Whether nothing of a job will run any more."""
    return job.state in _ENDED


def steps_of(job: PipelineJob) -> list[PipelineTaskDetail]:
    """Returns the tasks of a job that are steps, in the order in which they began."""
    tasks = [t for t in job.job_detail.task_details if t.task_name not in (id_of(job), "tfx-dag")]
    return sorted(tasks, key=lambda task: (task.create_time or job.create_time, task.task_name))


def step_state(task: PipelineTaskDetail) -> StepState:
    """Returns the state of a step as the history of a local run names it."""
    return _STATES.get(PipelineTaskDetail.State(task.state).name, "waiting")


def _digest(job: Json, *more: str) -> str:
    content = json.dumps([job, *more], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:_ID_DIGITS]


def _ids(stem: str) -> Iterator[str]:
    """Yields the ids that one job may have: its first run, its second one, ..."""
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
