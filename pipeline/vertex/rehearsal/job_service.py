"""A local JobService with the methods that TFX's Trainer calls for its custom job."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence

import grpc
from google.cloud import aiplatform_v1 as v1
from google.rpc import status_pb2

from pipeline.vertex.rehearsal.container import run_process

_SERVICE = "google.cloud.aiplatform.v1.JobService"

RunJob = Callable[[Sequence[str], Mapping[str, str]], None]


class JobService:
    """Creates custom jobs, which run the commands of their containers locally."""

    def __init__(self, run: RunJob = run_process):
        """Sets the function that runs a command in an environment, see `run_process`."""
        self._run = run
        self._jobs: dict[str, v1.CustomJob] = {}

    def create(self, request: v1.CreateCustomJobRequest, _: grpc.ServicerContext) -> v1.CustomJob:
        job = v1.CustomJob(request.custom_job)
        job.name = f"{request.parent}/customJobs/{len(self._jobs) + 1}"
        job.state = v1.JobState.JOB_STATE_RUNNING
        self._jobs[job.name] = job
        threading.Thread(target=self._run_job, args=(job,), daemon=True).start()
        return job

    def get(self, request: v1.GetCustomJobRequest, context: grpc.ServicerContext) -> v1.CustomJob:
        if request.name not in self._jobs:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no custom job {request.name}")
        return self._jobs[request.name]

    @property
    def jobs(self) -> list[v1.CustomJob]:
        """All jobs as requested, with their states."""
        return list(self._jobs.values())

    def _run_job(self, job: v1.CustomJob) -> None:
        """Runs the commands of the worker pools one after another."""
        try:
            for pool in job.job_spec.worker_pool_specs:
                container = pool.container_spec
                variables = {variable.name: variable.value for variable in container.env}
                self._run([*container.command, *container.args], {**os.environ, **variables})
            job.state = v1.JobState.JOB_STATE_SUCCEEDED
        except Exception as failure:
            # Any error must end the job, because a client waits for it.
            text = f"{type(failure).__name__}: {failure}"
            job.error = status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message=text)
            job.state = v1.JobState.JOB_STATE_FAILED


def handler(service: JobService) -> grpc.GenericRpcHandler:
    """Returns the handler of the service for a gRPC server."""
    create = grpc.unary_unary_rpc_method_handler(
        service.create, v1.CreateCustomJobRequest.deserialize, v1.CustomJob.serialize
    )
    get = grpc.unary_unary_rpc_method_handler(
        service.get, v1.GetCustomJobRequest.deserialize, v1.CustomJob.serialize
    )
    methods = {"CreateCustomJob": create, "GetCustomJob": get}
    return grpc.method_handlers_generic_handler(_SERVICE, methods)
