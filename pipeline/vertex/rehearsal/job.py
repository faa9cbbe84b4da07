"""Reads a compiled job: its tasks, in an order in which they can run.

The format is schema 2.1 of the pipeline spec (`kfp-pipeline-spec`, `pipeline_spec.proto`):

- A PipelineJob has a `pipelineSpec` and a `runtimeConfig`. The latter has `gcsOutputDirectory`, the
  folder of all artifacts, and `parameterValues`, one for each of the root's `inputDefinitions`.
- `root.dag.tasks` maps names to tasks. A task names its component (`componentRef`), which declares
  inputs and outputs and names an executor (`executorLabel`) of `deploymentSpec.executors`: here a
  `container` with command and arguments; importers and resolvers are not supported.
- With an exit handler the root has two tasks: `tfx-dag`, whose component is the DAG of all other
  tasks, and the handler, whose `triggerPolicy.strategy` makes it run even if they fail.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from data.common.errors import UsageError
from data.common.formatting import format_list

_ALWAYS = "ALL_UPSTREAM_TASKS_COMPLETED"
_BUCKETS = "gs"
# Parts of a job that use the cloud, and the settings that avoid them.
_CLOUD_ONLY = {
    "vertex-endpoint://": "push.to=folder",
    "--runner=DataflowRunner": "beam.runner=in_memory",
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A task with its component and executor, all as JSON values."""

    name: str
    spec: Json
    component: Json
    executor: Json

    @property
    def upstream(self) -> set[str]:
        """The names of the tasks that it reads outputs of or otherwise depends on."""
        artifacts = self.spec.get("inputs", {}).get("artifacts", {}).values()
        producers = {source["taskOutputArtifact"]["producerTask"] for source in artifacts}
        return producers | set(self.spec.get("dependentTasks", []))


@dataclass(frozen=True)
class CompiledJob:
    """A compiled job.

    Attributes:
      name: Name of the pipeline.
      output: Folder of the artifacts.
      parameters: Values of the runtime parameters.
      tasks: The tasks in topological order, without the exit handler.
      exit_handler: The task that always runs last, or None.
      content: The whole PipelineJob as JSON.
    """

    name: str
    output: str
    parameters: Json
    tasks: list[Task] = field(default_factory=list)
    exit_handler: Task | None = None
    content: Json = field(default_factory=dict)


def read_job(file: Path, root: Path, parameters: Sequence[str] = ()) -> CompiledJob:
    """Returns a compiled job whose gs:// paths are replaced by local ones.

    `root` replaces the job's own folder (`vertex.root`), and `root/gs/BUCKET` every other bucket.

    Args:
      file: The output of `flowers vertex compile`.
      root: An absolute path.
      parameters: Runtime parameters as `name=value`; they override the values in the file.

    Raises:
      UsageError: The file is not a compiled job, a rehearsal does not support it, or a parameter is
        unknown or has the wrong type.
    """
    try:
        text = file.read_text(encoding="utf-8")
        _refuse_cloud_only(text)
        bucket = json.loads(text)["runtimeConfig"]["gcsOutputDirectory"]
        job = json.loads(_localize(text, bucket.removesuffix("/artifacts"), root))
        spec, runtime = job["pipelineSpec"], job["runtimeConfig"]
        values = runtime.get("parameterValues", {}) | _parse_parameters(spec, parameters)
        tasks, handler = _tasks(spec)
        name = spec["pipelineInfo"]["name"]
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{file} is not a compiled job ({type(error).__name__}: {error}); `flowers vertex "
            "compile --out job.json` creates one"
        ) from error
    content = {**job, "runtimeConfig": {**runtime, "parameterValues": values}}
    return CompiledJob(name, runtime["gcsOutputDirectory"], values, tasks, handler, content)


def _refuse_cloud_only(text: str) -> None:
    """Raises UsageError if a job uses services that a rehearsal does not provide."""
    for part, setting in _CLOUD_ONLY.items():
        if part in text:
            raise UsageError(f"a rehearsal does not support {part}; compile with --set {setting}")


def _localize(text: str, bucket: str, root: Path) -> str:
    """Returns a job's text with gs:// paths replaced by local ones."""
    # The path is followed by a slash, or by the end of a string or of a nested JSON string.
    text = re.sub(re.escape(bucket) + r'(?=[/"\\])', str(root), text)
    return text.replace("gs://", f"{root}/{_BUCKETS}/")


def _parse_parameters(spec: Json, parameters: Sequence[str]) -> Json:
    """Returns the values of `name=value` pairs in the types that the root declares."""
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values: Json = {}
    for pair in parameters:
        name, equals, text = pair.partition("=")
        if name not in declared or not equals:
            known = format_list(sorted(declared)) or "none"
            raise UsageError(f"--parameter takes name=value for one of {known}, got {pair!r}")
        try:
            values[name] = text if declared[name]["parameterType"] == "STRING" else float(text)
        except ValueError as error:
            raise UsageError(f"--parameter: {name} must be a number, got {text!r}") from error
    return values


def _tasks(spec: Json) -> tuple[list[Task], Task | None]:
    """Returns the tasks in topological order, and the exit handler or None."""
    outer = {name: _task(spec, name, task) for name, task in spec["root"]["dag"]["tasks"].items()}
    handlers = [
        task
        for task in outer.values()
        if task.spec.get("triggerPolicy", {}).get("strategy") == _ALWAYS
    ]
    inner = {
        name: _task(spec, name, task)
        for dag in outer.values()
        for name, task in _tasks_inside(dag).items()
    }
    tasks = inner or {name: task for name, task in outer.items() if task not in handlers}
    order = TopologicalSorter({name: sorted(tasks[name].upstream) for name in sorted(tasks)})
    return [tasks[name] for name in order.static_order()], next(iter(handlers), None)


def _tasks_inside(dag: Task) -> dict[str, Json]:
    """Returns the tasks of a task that is a DAG, whose inputs are all that they can read.

    Raises:
      UsageError: A task reads a parameter that the DAG does not get, which Vertex AI refuses.
    """
    tasks: dict[str, Json] = dag.component.get("dag", {}).get("tasks", {})
    declared = dag.component.get("inputDefinitions", {}).get("parameters", {})
    passed = declared.keys() & dag.spec.get("inputs", {}).get("parameters", {}).keys()
    for name, task in tasks.items():
        for source in task.get("inputs", {}).get("parameters", {}).values():
            parameter = source.get("componentInputParameter")
            if parameter and parameter not in passed:
                raise UsageError(
                    f"the task {name} reads the parameter {parameter!r}, which {dag.name} does not "
                    "get; compile the job anew"
                )
    return tasks


def _task(spec: Json, name: str, task: Json) -> Task:
    component = spec["components"][task["componentRef"]["name"]]
    executors = spec["deploymentSpec"]["executors"]
    executor = executors[component["executorLabel"]] if "executorLabel" in component else {}
    if executor and "container" not in executor:
        raise UsageError(
            f"the task {name} is of the kind {', '.join(executor)}, which a rehearsal does not "
            "support: it runs containers only"
        )
    return Task(name, task, component, executor)
