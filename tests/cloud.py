"""A local Vertex AI that parses every request into Google's types and keeps state.

As a program it runs a command against this cloud and prints the requests:

    python -m tests.cloud flowers vertex submit --yes ...
"""

import itertools
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud import aiplatform_v1 as v1
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse, LogEntry
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2

from pipeline.vertex.rehearsal.loopback import loopback

# A call that is carried out, but whose response is lost.
LOST = "lost"
# A call that is answered after the client's timeout.
SLOW = "slow"

Response = Any


class Cloud:
    """Pipeline jobs, schedules, endpoints, models and log entries, and the requests so far."""

    def __init__(self) -> None:
        self.jobs: dict[str, v1.PipelineJob] = {}
        self.schedules: dict[str, v1.Schedule] = {}
        self.endpoints: dict[str, v1.Endpoint] = {}
        self.models: dict[str, list[v1.Model]] = {}
        # All traffic splits so far, and the response of a deployed model to an instance.
        self.splits: list[dict[str, int]] = []
        self.answer: Callable[[str, Any], Any] = lambda deployed, instance: {}
        self._predictions = itertools.count(0)
        self.custom_jobs: list[v1.CustomJob] = []
        # Output of containers, by the last part of their custom job's name.
        self.logs: dict[str, list[str]] = {}
        # Method and request of each call.
        self.requests: list[tuple[str, Any]] = []
        # Faults of the next calls of a method: a status code, LOST or SLOW.
        self.faults: dict[str, list[Any]] = defaultdict(list)
        self._numbers = itertools.count(1)

    def asked(self, method: str) -> list[Any]:
        """Returns the requests of a method, oldest first."""
        return [request for name, request in self.requests if name == method]

    def CreatePipelineJob(self, request: Any, context: Any) -> Response:
        name = f"{request.parent}/pipelineJobs/{request.pipeline_job_id}"
        if name in self.jobs:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{name} exists")
        job = v1.PipelineJob(request.pipeline_job)
        job.name, job.create_time = name, datetime.now(UTC)
        job.state = v1.PipelineState.PIPELINE_STATE_RUNNING
        self.jobs[name] = job
        return job

    def GetPipelineJob(self, request: Any, context: Any) -> Response:
        if request.name not in self.jobs:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} was not found")
        return self.jobs[request.name]

    def ListPipelineJobs(self, request: Any, context: Any) -> Response:
        assert request.order_by == "create_time desc"
        jobs = sorted(self.jobs.values(), key=lambda job: job.create_time, reverse=True)
        wanted = request.filter.removeprefix('pipeline_name="').removesuffix('"')
        jobs = [job for job in jobs if job.pipeline_spec["pipelineInfo"]["name"] == wanted]
        return v1.ListPipelineJobsResponse(pipeline_jobs=jobs[: request.page_size])

    def CancelPipelineJob(self, request: Any, context: Any) -> Response:
        self.jobs[request.name].state = v1.PipelineState.PIPELINE_STATE_CANCELLING
        return empty_pb2.Empty()

    def CreateSchedule(self, request: Any, context: Any) -> Response:
        schedule = v1.Schedule(request.schedule)
        schedule.name = f"{request.parent}/schedules/{next(self._numbers)}"
        schedule.create_time = datetime.now(UTC)
        schedule.state = v1.Schedule.State.ACTIVE
        self.schedules[schedule.name] = schedule
        return schedule

    def ListSchedules(self, request: Any, context: Any) -> Response:
        wanted = request.filter.removeprefix('display_name="').removesuffix('"')
        found = sorted(self.schedules.values(), key=lambda s: s.create_time, reverse=True)
        found = [s for s in found if not wanted or s.display_name == wanted]
        return v1.ListSchedulesResponse(schedules=found)

    def PauseSchedule(self, request: Any, context: Any) -> Response:
        self.schedules[request.name].state = v1.Schedule.State.PAUSED
        return empty_pb2.Empty()

    def ResumeSchedule(self, request: Any, context: Any) -> Response:
        self.schedules[request.name].state = v1.Schedule.State.ACTIVE
        return empty_pb2.Empty()

    def DeleteSchedule(self, request: Any, context: Any) -> Response:
        if request.name not in self.schedules:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} was not found")
        del self.schedules[request.name]
        return _done(empty_pb2.Empty())

    def ListEndpoints(self, request: Any, context: Any) -> Response:
        wanted = request.filter.removeprefix('display_name="').removesuffix('"')
        found = [e for e in self.endpoints.values() if e.display_name == wanted]
        return v1.ListEndpointsResponse(endpoints=found)

    def CreateEndpoint(self, request: Any, context: Any) -> Response:
        endpoint = v1.Endpoint(request.endpoint)
        endpoint.name = f"{request.parent}/endpoints/{next(self._numbers)}"
        self.endpoints[endpoint.name] = endpoint
        return _done(endpoint)

    def UpdateEndpoint(self, request: Any, context: Any) -> Response:
        assert list(request.update_mask.paths) == ["traffic_split"]
        return self._split(request.endpoint.name, request.endpoint.traffic_split, context)

    def DeployModel(self, request: Any, context: Any) -> Response:
        endpoint = self.endpoints[request.endpoint]
        deployed = v1.DeployedModel(request.deployed_model)
        deployed.model, _, deployed.model_version_id = deployed.model.partition("@")
        deployed.id = str(1000 + next(self._numbers))
        endpoint.deployed_models.append(deployed)
        split = {deployed.id if k == "0" else k: v for k, v in request.traffic_split.items()}
        self._split(endpoint.name, split, context)
        return _done(v1.DeployModelResponse(deployed_model=deployed))

    def UndeployModel(self, request: Any, context: Any) -> Response:
        endpoint = self.endpoints[request.endpoint]
        left = [d for d in endpoint.deployed_models if d.id != request.deployed_model_id]
        assert len(left) < len(endpoint.deployed_models)
        endpoint.deployed_models = left
        self._split(endpoint.name, request.traffic_split, context)
        return _done(v1.UndeployModelResponse())

    def _split(self, name: str, split: Any, context: Any) -> v1.Endpoint:
        endpoint = self.endpoints[name]
        known = {deployed.id for deployed in endpoint.deployed_models}
        if not known >= split.keys() or sum(split.values()) not in ((100,) if known else (0,)):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no such traffic: {dict(split)}")
        endpoint.traffic_split = dict(split)
        self.splits.append(dict(split))
        return endpoint

    def GetModel(self, request: Any, context: Any) -> Response:
        name, _, version = request.name.partition("@")
        versions = self.models.get(name, [])
        if not versions or int(version or 1) > len(versions):
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} was not found")
        return versions[int(version or len(versions)) - 1]

    def ListModelVersions(self, request: Any, context: Any) -> Response:
        if request.name not in self.models:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} was not found")
        return v1.ListModelVersionsResponse(models=self.models[request.name])

    def UpdateModel(self, request: Any, context: Any) -> Response:
        assert list(request.update_mask.paths) == ["labels"]
        name, _, version = request.model.name.partition("@")
        model = self.models[name][int(version) - 1]
        model.labels = dict(request.model.labels)
        return model

    def UploadModel(self, request: Any, context: Any) -> Response:
        name = request.parent_model or f"{request.parent}/models/{request.model_id}"
        versions = self.models.setdefault(name, [])
        assert bool(versions) == bool(request.parent_model)
        model = v1.Model(request.model)
        model.name, model.version_id = name, str(len(versions) + 1)
        versions.append(model)
        return _done(v1.UploadModelResponse(model=name, model_version_id=model.version_id))

    def Predict(self, request: Any, context: Any) -> Response:
        endpoint = self.endpoints[request.endpoint]
        shares = [d for d, n in sorted(endpoint.traffic_split.items()) for _ in range(n)]
        # A hundred requests are spread over the deployed models exactly by their shares.
        deployed = shares[next(self._predictions) * 37 % 100]
        answers = [self.answer(deployed, instance) for instance in request.instances]
        values = [json_format.ParseDict(answer, struct_pb2.Value()) for answer in answers]
        response = v1.PredictResponse(deployed_model_id=deployed)
        v1.PredictResponse.pb(response).predictions.extend(values)
        return response

    def ListCustomJobs(self, request: Any, context: Any) -> Response:
        wanted = request.filter.removeprefix('display_name="').removesuffix('"')
        found = [job for job in self.custom_jobs if job.display_name == wanted]
        return v1.ListCustomJobsResponse(custom_jobs=found)

    def ListLogEntries(self, request: Any, context: Any) -> Response:
        container = request.filter.rpartition('job_id="')[2].removesuffix('"')
        lines = self.logs.get(container, [])[-request.page_size :]
        return ListLogEntriesResponse(entries=[LogEntry(text_payload=t) for t in reversed(lines)])

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """Returns the handlers of all services for a gRPC server."""
        services = {
            "PipelineService": {
                "CreatePipelineJob": v1.CreatePipelineJobRequest,
                "GetPipelineJob": v1.GetPipelineJobRequest,
                "ListPipelineJobs": v1.ListPipelineJobsRequest,
                "CancelPipelineJob": v1.CancelPipelineJobRequest,
            },
            "ScheduleService": {
                "CreateSchedule": v1.CreateScheduleRequest,
                "ListSchedules": v1.ListSchedulesRequest,
                "PauseSchedule": v1.PauseScheduleRequest,
                "ResumeSchedule": v1.ResumeScheduleRequest,
                "DeleteSchedule": v1.DeleteScheduleRequest,
            },
            "EndpointService": {
                "ListEndpoints": v1.ListEndpointsRequest,
                "CreateEndpoint": v1.CreateEndpointRequest,
                "UpdateEndpoint": v1.UpdateEndpointRequest,
                "DeployModel": v1.DeployModelRequest,
                "UndeployModel": v1.UndeployModelRequest,
            },
            "ModelService": {
                "GetModel": v1.GetModelRequest,
                "ListModelVersions": v1.ListModelVersionsRequest,
                "UpdateModel": v1.UpdateModelRequest,
                "UploadModel": v1.UploadModelRequest,
            },
            "JobService": {"ListCustomJobs": v1.ListCustomJobsRequest},
            "PredictionService": {"Predict": v1.PredictRequest},
        }
        vertex = "google.cloud.aiplatform.v1"
        services = {f"{vertex}.{name}": methods for name, methods in services.items()}
        logging = {"ListLogEntries": ListLogEntriesRequest}
        return [
            grpc.method_handlers_generic_handler(
                service,
                {
                    name: grpc.unary_unary_rpc_method_handler(
                        self._method(name), kind.deserialize, _serialize
                    )
                    for name, kind in methods.items()
                },
            )
            for service, methods in {
                **services,
                "google.logging.v2.LoggingServiceV2": logging,
            }.items()
        ]

    def _method(self, name: str) -> Callable:
        def respond(request: Any, context: Any) -> Any:
            requests = self.requests
            requests.append((name, request))
            fault = self.faults[name].pop(0) if self.faults[name] else None
            if isinstance(fault, grpc.StatusCode):
                context.abort(fault, f"the test injects {fault.name}")
            if fault == SLOW:
                time.sleep(5)
                if self.requests is not requests:
                    context.abort(grpc.StatusCode.CANCELLED, "the test has ended")
            response = getattr(self, name)(request, context)
            if fault == LOST:
                context.abort(grpc.StatusCode.UNAVAILABLE, "the response was lost")
            return response

        return respond


def _done(message: Any) -> operations_pb2.Operation:
    """Returns a finished long-running operation."""
    response = any_pb2.Any()
    response.Pack(getattr(message, "_pb", message))
    return operations_pb2.Operation(name="operations/1", done=True, response=response)


def _serialize(message: Any) -> bytes:
    return (
        type(message).serialize(message) if hasattr(message, "_pb") else message.SerializeToString()
    )


def _summarize(request: Any) -> str:
    values = type(request).to_dict(request, including_default_value_fields=False)
    return json.dumps(values, default=str)[:300]


def main(command: list[str]) -> int:
    cloud = Cloud()
    with loopback(cloud.handlers()) as environment:
        code = subprocess.run(command, env={**os.environ, **environment}, check=False).returncode
    lines = [f"{method} {_summarize(request)}" for method, request in cloud.requests]
    lines.append(f"{len(cloud.jobs)} jobs, {len(cloud.schedules)} schedules")
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
