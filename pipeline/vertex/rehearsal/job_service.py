"""Custom jobs: the part of Vertex's JobService that TFX's Trainer calls, on this machine."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence

import grpc
from google.cloud.aiplatform_v1.types import (
    CreateCustomJobRequest,
    CustomJob,
    GetCustomJobRequest,
    JobState,
)
from google.rpc import status_pb2

from pipeline.vertex.rehearsal.container import run_process

_SERVICE = "google.cloud.aiplatform.v1.JobService"

RunJob = Callable[[Sequence[str], Mapping[str, str]], None]


class JobService:
    """Keeps custom jobs, each of which runs its container's command once it is created."""

    def __init__(self, run: RunJob = run_process):
        """`run` runs a command with an environment, see `run_process`."""
        self._run = run
        self._jobs: dict[str, CustomJob] = {}

    def create(self, request: CreateCustomJobRequest, _: grpc.ServicerContext) -> CustomJob:
        """CreateCustomJob."""
        job = CustomJob(request.custom_job)
        job.name = f"{request.parent}/customJobs/{len(self._jobs) + 1}"
        job.state = JobState.JOB_STATE_RUNNING
        self._jobs[job.name] = job
        threading.Thread(target=self._work, args=(job,), daemon=True).start()
        return job

    def get(self, request: GetCustomJobRequest, context: grpc.ServicerContext) -> CustomJob:
        """GetCustomJob."""
        if request.name not in self._jobs:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no custom job {request.name}")
        return self._jobs[request.name]

    @property
    def jobs(self) -> list[CustomJob]:
        """All jobs, as they were asked for, with their states."""
        return list(self._jobs.values())

    def _work(self, job: CustomJob) -> None:
        """Runs the command of each worker pool, one after another."""
        try:
            for pool in job.job_spec.worker_pool_specs:
                container = pool.container_spec
                own = {variable.name: variable.value for variable in container.env}
                self._run([*container.command, *container.args], {**os.environ, **own})
            job.state = JobState.JOB_STATE_SUCCEEDED
        except Exception as failure:
            # Whatever it was: who waits for the job must learn that it ended.
            job.error = status_pb2.Status(
                code=grpc.StatusCode.INTERNAL.value[0],
                message=f"{type(failure).__name__}: {failure}",
            )
            job.state = JobState.JOB_STATE_FAILED


def handler(service: JobService) -> grpc.GenericRpcHandler:
    """Returns the service's methods for a gRPC server."""
    methods = {
        "CreateCustomJob": (service.create, CreateCustomJobRequest),
        "GetCustomJob": (service.get, GetCustomJobRequest),
    }
    return grpc.method_handlers_generic_handler(
        _SERVICE,
        {
            name: grpc.unary_unary_rpc_method_handler(
                answer,
                request_deserializer=kind.deserialize,
                response_serializer=CustomJob.serialize,
            )
            for name, (answer, kind) in methods.items()
        },
    )
