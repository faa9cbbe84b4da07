"""A local PipelineService that knows the job of a rehearsal, as its exit handler asks for it."""

import datetime
import json
from collections.abc import Mapping

import grpc
from google.cloud import aiplatform_v1 as v1
from google.rpc import status_pb2

from pipeline.vertex.rehearsal.job import CompiledJob, Json
from pipeline.vertex.rehearsal.job_run import job_name

_SERVICE = "google.cloud.aiplatform.v1.PipelineService"
_DAG = "tfx-dag"
_State = v1.PipelineTaskDetail.State


class PipelineService:
    """The job of a rehearsal, and the method of Google's PipelineService that returns it.

    It is a TaskObserver, see `pipeline.vertex.rehearsal.job_run`.
    """

    def __init__(self, job: CompiledJob, job_id: str):
        """Takes the job, which starts now, and its id."""
        self._job = v1.PipelineJob.from_json(json.dumps(job.content), ignore_unknown_fields=False)
        self._job.name = job_name(job_id)
        self._job.state = v1.PipelineState.PIPELINE_STATE_RUNNING
        self._job.create_time = self._job.start_time = _now()
        self._tasks: dict[str, v1.PipelineTaskDetail] = {}
        # Vertex AI lists the job and, with an exit handler, the DAG of the steps as tasks as well.
        for name in (job_id, *([_DAG] if job.exit_handler else [])):
            self._add(name, _State.RUNNING)

    def task_started(self, name: str) -> None:
        """See TaskObserver."""
        self._add(name, _State.RUNNING).start_time = _now()

    def task_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Json]
    ) -> None:
        """See TaskObserver."""
        task = self._end(name, _State.SKIPPED if cached else _State.SUCCEEDED)
        for key, artifact in outputs.items():
            found = v1.Artifact(
                name=artifact["name"], uri=artifact["uri"], metadata=artifact["metadata"]
            )
            task.outputs[key] = v1.PipelineTaskDetail.ArtifactList(artifacts=[found])

    def task_failed(self, name: str, seconds: float, error: Exception) -> None:
        """See TaskObserver."""
        code = grpc.StatusCode.INTERNAL.value[0]
        self._end(name, _State.FAILED).error = status_pb2.Status(code=code, message=str(error))

    def task_skipped(self, name: str) -> None:
        """See TaskObserver."""
        self._add(name, _State.NOT_TRIGGERED)

    def get(
        self, request: v1.GetPipelineJobRequest, context: grpc.ServicerContext
    ) -> v1.PipelineJob:
        """Returns the job as it is now."""
        if request.name != self._job.name:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no job {request.name}")
        job = v1.PipelineJob(self._job)
        job.job_detail.task_details = list(self._tasks.values())
        return job

    def handler(self) -> grpc.GenericRpcHandler:
        """Returns the handler of the service for a gRPC server."""
        get = grpc.unary_unary_rpc_method_handler(
            self.get, v1.GetPipelineJobRequest.deserialize, v1.PipelineJob.serialize
        )
        return grpc.method_handlers_generic_handler(_SERVICE, {"GetPipelineJob": get})

    def _add(self, name: str, state: v1.PipelineTaskDetail.State) -> v1.PipelineTaskDetail:
        task = v1.PipelineTaskDetail(
            task_id=len(self._tasks) + 1, task_name=name, state=state, create_time=_now()
        )
        self._tasks[name] = task
        return task

    def _end(self, name: str, state: v1.PipelineTaskDetail.State) -> v1.PipelineTaskDetail:
        task = self._tasks[name]
        task.state, task.end_time = state, _now()
        return task


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
