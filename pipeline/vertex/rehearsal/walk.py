"""Walks a job's tasks as Vertex AI Pipelines does, one after another.

- A task runs once those that it waits for have. Where one failed, all that wait for it are skipped,
  the others still run, and the job has failed.
- A task whose caching is on is not run where one with the same key has: the same pipeline and
  component, the same image, command and environment, the same values of the parameters, and the
  same input artifacts.
- The exit handler runs last in any case. Its input is how the rest ended: `taskFinalStatus`, a
  PipelineTaskFinalStatus as JSON text.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.vertex.rehearsal.container import (
    ContainerFailed,
    executor_input,
    read_output,
    run_command,
)
from pipeline.vertex.rehearsal.job import Job, Json, Task
from pipeline.vertex.rehearsal.queries import import_artifact, resolve
from pipeline.vertex.rehearsal.store import Store

# A larger machine or another driver makes nothing else of the same inputs.
_OF_THE_CONTAINER = ("image", "command", "args", "env")


class TaskObserver(Protocol):
    """What wants to know how a job is going."""

    def task_started(self, name: str) -> None:
        """A task begins."""

    def task_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Json]
    ) -> None:
        """A task ended well, or the cache had the answer; `outputs` are artifacts by key."""

    def task_failed(self, name: str, seconds: float, error: Exception) -> None:
        """A task ended with an error."""

    def task_skipped(self, name: str) -> None:
        """A task did not run, because one that it waits for did not end well."""


@dataclass
class Walk:
    """One run of a job.

    Attributes:
      job: what is run.
      job_id: Vertex's name for this run.
      store: what earlier runs made.
      observer: is told of each task.
      environment: of all processes, besides what the containers name.
    """

    job: Job
    job_id: str
    store: Store
    observer: TaskObserver
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> str:
        """Runs all tasks, and the exit handler; returns the job's state, SUCCEEDED or FAILED."""
        outputs: dict[str, dict[str, Json]] = {}
        error = ""
        for task in self.job.tasks:
            if not task.upstream <= outputs.keys():
                self.observer.task_skipped(task.name)
                continue
            try:
                outputs[task.name] = self._run(task, outputs)
            except Exception as failure:
                error = error or f"{task.name}: {failure}"
        state = "FAILED" if error else "SUCCEEDED"
        if self.job.exit_handler:
            try:
                self._handle_exit(self.job.exit_handler, state, error)
            except Exception:
                return "FAILED"
        return state

    def _run(self, task: Task, made: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
        self.observer.task_started(task.name)
        started = time.perf_counter()
        try:
            cached, outputs = self._execute(task, _artifacts(task, made), self._parameters(task))
        except Exception as error:
            self.observer.task_failed(task.name, time.perf_counter() - started, error)
            raise
        finally:
            self.store.save()
        self.observer.task_finished(task.name, time.perf_counter() - started, cached, outputs)
        return outputs

    def _handle_exit(self, task: Task, state: str, error: str) -> None:
        status = {
            "state": state,
            "pipelineJobResourceName": f"projects/1/locations/here/pipelineJobs/{self.job_id}",
            "pipelineTaskName": next(iter(task.spec["dependentTasks"])),
            **({"error": {"message": error}} if error else {}),
        }
        self._run(
            Task(task.name, _with_status(task.spec, status), task.component, task.executor), {}
        )

    def _execute(
        self, task: Task, artifacts: Mapping[str, Json], parameters: Json
    ) -> tuple[bool, dict[str, Json]]:
        """Returns whether the cache had the answer, and the outputs."""
        if "importer" in task.executor:
            artifact = import_artifact(task.executor["importer"], parameters, self.store)
            return False, dict.fromkeys(_outputs(task), artifact)
        if "resolver" in task.executor:
            return False, resolve(task.executor["resolver"], artifacts, self.store)
        return self._contain(task, artifacts, parameters)

    def _contain(
        self, task: Task, artifacts: Mapping[str, Json], parameters: Json
    ) -> tuple[bool, dict[str, Json]]:
        """Runs a container: its driver if it has one, then, unless it did before, its command."""
        container = task.executor["container"]
        folder = self.store.new_folder(self.job.output, self.job_id, task.name)
        outputs = {
            key: self.store.new_artifact(f"{folder}/{key}", *declared)
            for key, declared in _outputs(task).items()
        }
        given = executor_input(artifacts, parameters, outputs, folder)
        env = container.get("env", [])
        driver = container.get("lifecycle", {}).get("preCacheCheck")
        if driver:
            run_command([*driver["command"], *driver["args"]], env, given, self.environment)
            parameters |= read_output(given).get("parameterValues", {})
        key = self._key(task, artifacts, parameters)
        before = self.store.made_before(key) if task.cached else None
        if before is not None:
            return True, before
        command = [*container["command"], *container["args"]]
        run_command(command, env, given, self.environment)
        written = read_output(given).get("artifacts", {})
        for name, artifact in outputs.items():
            _take_over(artifact, written.get(name, {}).get("artifacts", []))
            self.store.publish(artifact)
        self.store.remember(key, outputs)
        return False, outputs

    def _key(self, task: Task, artifacts: Mapping[str, Json], parameters: Json) -> str:
        inputs = {key: artifact["name"] for key, artifact in artifacts.items()}
        container = {key: task.executor["container"].get(key) for key in _OF_THE_CONTAINER}
        parts = [self.job.name, task.name, task.component, container, parameters, inputs]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _parameters(self, task: Task) -> Json:
        """Returns the values of a task's parameters: constants, or those of the job."""
        values: Json = {}
        for name, given in task.spec.get("inputs", {}).get("parameters", {}).items():
            if "runtimeValue" in given:
                values[name] = given["runtimeValue"]["constant"]
            elif "componentInputParameter" in given:
                name_in_job = given["componentInputParameter"]
                if name_in_job not in self.job.parameters:
                    raise ContainerFailed(f"the job has no value of its parameter {name_in_job!r}")
                values[name] = self.job.parameters[name_in_job]
            else:
                raise ContainerFailed(f"the parameter {name!r} is of a kind that is not known here")
        return values


def _artifacts(task: Task, made: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """Returns a task's input artifacts; what a resolver did not find is left out."""
    found = {}
    for key, given in task.spec.get("inputs", {}).get("artifacts", {}).items():
        source = given["taskOutputArtifact"]
        artifact = made[source["producerTask"]].get(source["outputArtifactKey"])
        if artifact:
            found[key] = artifact
    return found


def _outputs(task: Task) -> dict[str, tuple[Json, Json]]:
    """Returns type and metadata of each artifact that a task puts out."""
    declared = task.component.get("outputDefinitions", {}).get("artifacts", {})
    return {key: (spec["artifactType"], spec.get("metadata", {})) for key, spec in declared.items()}


def _take_over(artifact: Json, written: list[Json]) -> None:
    """Adds what a process said of an artifact; it may have put it elsewhere."""
    for said in written:
        artifact["uri"] = said.get("uri", artifact["uri"])
        artifact["metadata"] = artifact["metadata"] | said.get("metadata", {})


def _with_status(spec: Json, status: Json) -> Json:
    """Returns an exit handler's spec with the status in place of the reference to it."""
    parameters = {
        name: {"runtimeValue": {"constant": json.dumps(status)}}
        if "taskFinalStatus" in given
        else given
        for name, given in spec.get("inputs", {}).get("parameters", {}).items()
    }
    return {**spec, "inputs": {"parameters": parameters}}
