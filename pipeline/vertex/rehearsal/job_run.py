"""Runs the tasks of a job one after another, as Vertex AI Pipelines does.

- A task runs after all tasks that it depends on. If one of them failed, the task is skipped; the
  other tasks still run, and the job has failed.
- A task with caching is not run if an execution has the same cache key: the same pipeline and
  component; the same image, command and environment; the same parameter values; and the same input
  artifacts.
- The exit handler always runs last. Its parameter `taskFinalStatus` is the result of the other
  tasks, a PipelineTaskFinalStatus as JSON.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipeline.vertex.rehearsal.container import (
    ContainerFailed,
    executor_input,
    read_output,
    run_command,
)
from pipeline.vertex.rehearsal.job import CompiledJob, Json, Task
from pipeline.vertex.rehearsal.store import Store

# Resources and the driver do not change the outputs.
_KEYS_OF_CONTAINER = ("image", "command", "args", "env")


class TaskObserver(Protocol):
    """Is notified of the progress of a job."""

    def task_started(self, name: str) -> None:
        """A task starts."""

    def task_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Json]
    ) -> None:
        """A task succeeded or was in the cache; `outputs` are its artifacts by key."""

    def task_failed(self, name: str, seconds: float, error: Exception) -> None:
        """A task failed."""

    def task_skipped(self, name: str) -> None:
        """A task did not run, because a task that it depends on did not succeed."""


def job_name(job_id: str) -> str:
    """Returns the resource name of a job of a rehearsal."""
    return f"projects/1/locations/here/pipelineJobs/{job_id}"


@dataclass
class JobRun:
    """One run of a job; its environment variables override those of the containers."""

    job: CompiledJob
    job_id: str
    store: Store
    observer: TaskObserver
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> str:
        """Runs all tasks and the exit handler; returns the job's state, SUCCEEDED or FAILED."""
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
                self._run_exit_handler(self.job.exit_handler, state, error)
            except Exception:
                return "FAILED"
        return state

    def _run(self, task: Task, produced: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
        """Runs a task and returns its outputs; `produced` are those of earlier tasks, by task."""
        self.observer.task_started(task.name)
        started = time.perf_counter()
        try:
            inputs = _input_artifacts(task, produced)
            cached, outputs = self._execute(task, inputs, self._parameters(task))
        except Exception as error:
            self.observer.task_failed(task.name, time.perf_counter() - started, error)
            raise
        finally:
            self.store.save()
        self.observer.task_finished(task.name, time.perf_counter() - started, cached, outputs)
        return outputs

    def _run_exit_handler(self, task: Task, state: str, error: str) -> None:
        status = {
            "state": state,
            "pipelineJobResourceName": job_name(self.job_id),
            "pipelineTaskName": next(iter(task.spec["dependentTasks"])),
            **({"error": {"message": error}} if error else {}),
        }
        self._run(replace(task, spec=_with_status(task.spec, status)), {})

    def _execute(
        self, task: Task, artifacts: Mapping[str, Json], parameters: Json
    ) -> tuple[bool, dict[str, Json]]:
        """Runs a task's driver, if any, and its container, unless the outputs are in the cache.

        Returns:
          Whether the outputs come from the cache, and the outputs by key.
        """
        container = task.executor["container"]
        folder = self.store.new_folder(self.job.output, self.job_id, task.name)
        declared = task.component.get("outputDefinitions", {}).get("artifacts", {})
        outputs = {
            key: self.store.new_artifact(
                f"{folder}/{key}", spec["artifactType"], spec.get("metadata", {})
            )
            for key, spec in declared.items()
        }
        task_input = executor_input(artifacts, parameters, outputs, folder)
        env = container.get("env", [])
        driver = container.get("lifecycle", {}).get("preCacheCheck")
        if driver:
            run_command([*driver["command"], *driver["args"]], env, task_input, self.environment)
            parameters |= read_output(task_input).get("parameterValues", {})
        key = self._cache_key(task, artifacts, parameters)
        enable_cache = task.spec.get("cachingOptions", {}).get("enableCache")
        cached = self.store.cached(key) if enable_cache else None
        if cached is not None:
            return True, cached
        command = [*container["command"], *container["args"]]
        run_command(command, env, task_input, self.environment)
        written = read_output(task_input).get("artifacts", {})
        for name, artifact in outputs.items():
            for values in written.get(name, {}).get("artifacts", []):
                artifact["uri"] = values.get("uri", artifact["uri"])
                artifact["metadata"] = artifact["metadata"] | values.get("metadata", {})
        self.store.cache(key, outputs)
        return False, outputs

    def _cache_key(self, task: Task, artifacts: Mapping[str, Json], parameters: Json) -> str:
        inputs = {key: artifact["name"] for key, artifact in artifacts.items()}
        container = {key: task.executor["container"].get(key) for key in _KEYS_OF_CONTAINER}
        parts = [self.job.name, task.name, task.component, container, parameters, inputs]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _parameters(self, task: Task) -> Json:
        """Returns a task's parameter values: constants, or runtime parameters of the job."""
        values: Json = {}
        for name, source in task.spec.get("inputs", {}).get("parameters", {}).items():
            if "runtimeValue" in source:
                values[name] = source["runtimeValue"]["constant"]
            elif "componentInputParameter" in source:
                name_in_job = source["componentInputParameter"]
                if name_in_job not in self.job.parameters:
                    raise ContainerFailed(f"the job has no value for its parameter {name_in_job!r}")
                values[name] = self.job.parameters[name_in_job]
            else:
                raise ContainerFailed(f"a rehearsal does not support the parameter {name!r}")
        return values


def _input_artifacts(task: Task, produced: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    return {
        key: produced[source["producerTask"]][source["outputArtifactKey"]]
        for key, spec in task.spec.get("inputs", {}).get("artifacts", {}).items()
        for source in [spec["taskOutputArtifact"]]
    }


def _with_status(spec: Json, status: Json) -> Json:
    """Returns an exit handler's spec with references to the final status replaced by its value."""
    parameters = {
        name: {"runtimeValue": {"constant": json.dumps(status)}}
        if "taskFinalStatus" in source
        else source
        for name, source in spec.get("inputs", {}).get("parameters", {}).items()
    }
    return {**spec, "inputs": {"parameters": parameters}}
