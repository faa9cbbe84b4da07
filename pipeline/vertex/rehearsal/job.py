"""Reading a compiled job: which tasks there are, in which order, and what each one is.

The format is the pipeline spec's schema 2.1 (`kfp-pipeline-spec`, `pipeline_spec.proto`):

- A PipelineJob holds `pipelineSpec` and `runtimeConfig`; the latter has `gcsOutputDirectory`, below
  which all artifacts lie, and `parameterValues`, one for each of the root's `inputDefinitions`.
- `root.dag.tasks` are the tasks by name. Each names a component (`componentRef`), which declares
  inputs and outputs and names an executor (`executorLabel`) of `deploymentSpec.executors`: a
  `container` with command and arguments, an `importer`, or a `resolver`.
- With an exit handler the root has two tasks: `tfx-dag`, whose component is the DAG of all others,
  and the handler, whose `triggerPolicy.strategy` lets it run whatever became of them.
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
# What is in the text of a job that reaches for the cloud, and the setting that does without.
_ELSEWHERE = {
    "vertex-endpoint://": "push.to=folder",
    "--runner=DataflowRunner": "beam.runner=in_memory",
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A task, with its component and its executor as they are written."""

    name: str
    spec: Json
    component: Json
    executor: Json

    @property
    def upstream(self) -> set[str]:
        """The tasks that it waits for: those whose outputs it reads, and the others it names."""
        artifacts = self.spec.get("inputs", {}).get("artifacts", {}).values()
        producers = {given["taskOutputArtifact"]["producerTask"] for given in artifacts}
        return producers | set(self.spec.get("dependentTasks", []))

    @property
    def cached(self) -> bool:
        """Whether what it made before may stand for it."""
        return bool(self.spec.get("cachingOptions", {}).get("enableCache"))


@dataclass(frozen=True)
class Job:
    """A job.

    Attributes:
      name: of the pipeline.
      output: folder of the artifacts.
      parameters: the values of the runtime parameters.
      tasks: each after those that it waits for; no exit handler.
      exit_handler: the task that comes last in any case, or None.
    """

    name: str
    output: str
    parameters: Json
    tasks: list[Task] = field(default_factory=list)
    exit_handler: Task | None = None

    def task(self, name: str) -> Task | None:
        """Returns the task of that name, or None."""
        return next((task for task in self.tasks if task.name == name), None)


def read_job(file: Path, root: Path, parameters: Sequence[str] = ()) -> Job:
    """Returns a job, with local folders in place of gs://.

    `root` stands for the folder of the bucket that the job was compiled for (`vertex.root`), and
    `root/gs/BUCKET` for every other bucket.

    Args:
      file: what `flowers vertex compile` wrote.
      root: an absolute path.
      parameters: `name=value` for runtime parameters; they win over the values in the file.

    Raises:
      UsageError: the file is no such job, or a parameter is unknown or of the wrong type.
    """
    try:
        text = file.read_text()
        _check_for_this_machine(text)
        bucket = json.loads(text)["runtimeConfig"]["gcsOutputDirectory"]
        values = json.loads(_here(text, bucket.removesuffix("/artifacts"), root))
        spec, runtime = values["pipelineSpec"], values["runtimeConfig"]
        given = runtime.get("parameterValues", {}) | _typed(spec, parameters)
        tasks, handler = _tasks(spec)
        name = spec["pipelineInfo"]["name"]
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{file} is no compiled job ({type(error).__name__}: {error}); `flowers vertex compile "
            "--out job.json` makes one"
        ) from error
    return Job(name, runtime["gcsOutputDirectory"], given, tasks, handler)


def _check_for_this_machine(text: str) -> None:
    """Refuses what a job would do in the cloud, and not here."""
    for what, setting in _ELSEWHERE.items():
        if what in text:
            raise UsageError(
                f"the job uses {what}, which a rehearsal has not: compile it for that with "
                f"--set {setting}"
            )


def _here(text: str, bucket: str, root: Path) -> str:
    """Returns a job's text with local folders in place of gs://."""
    # What follows is the end of the path, or of a string in JSON that is itself a string.
    text = re.sub(re.escape(bucket) + r'(?=[/"\\])', str(root), text)
    return text.replace("gs://", f"{root}/{_BUCKETS}/")


def _typed(spec: Json, parameters: Sequence[str]) -> Json:
    """Returns the given values in the types that the root declares."""
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    values: Json = {}
    for pair in parameters:
        name, equals, text = pair.partition("=")
        if name not in declared or not equals:
            known = format_list(sorted(declared)) or "none"
            raise UsageError(f"--parameter takes name=value for one of {known}, got {pair!r}")
        kind = declared[name]["parameterType"]
        try:
            values[name] = text if kind == "STRING" else float(text)
        except ValueError as error:
            raise UsageError(f"--parameter: {name} is a number, got {text!r}") from error
    return values


def _tasks(spec: Json) -> tuple[list[Task], Task | None]:
    """Returns the tasks in an order in which they can run, and the exit handler."""
    outer = {name: _task(spec, name, task) for name, task in spec["root"]["dag"]["tasks"].items()}
    handlers = [
        task
        for task in outer.values()
        if task.spec.get("triggerPolicy", {}).get("strategy") == _ALWAYS
    ]
    inner = {
        name: _task(spec, name, task)
        for dag in outer.values()
        for name, task in dag.component.get("dag", {}).get("tasks", {}).items()
    }
    tasks = inner or {name: task for name, task in outer.items() if task not in handlers}
    order = TopologicalSorter({name: sorted(tasks[name].upstream) for name in sorted(tasks)})
    return [tasks[name] for name in order.static_order()], next(iter(handlers), None)


def _task(spec: Json, name: str, task: Json) -> Task:
    component = spec["components"][task["componentRef"]["name"]]
    executors = spec["deploymentSpec"]["executors"]
    executor = executors[component["executorLabel"]] if "executorLabel" in component else {}
    return Task(name, task, component, executor)
