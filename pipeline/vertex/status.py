"""How a job on Vertex is going: its steps as those of a local run, and what came of it."""

import datetime
from collections.abc import Mapping
from typing import Any

from google.cloud.aiplatform_v1.types import Artifact, PipelineJob, PipelineState
from pydantic import BaseModel

from components.properties import format_verdict_properties
from data.common.formatting import format_duration
from pipeline.exit_codes import DONE, FAILED, REFUSED
from pipeline.history.runs import Step
from pipeline.settings.vertex import VertexSettings
from pipeline.vertex.jobs import has_ended, id_of, link, state_of, step_state, steps_of

_NAME_WIDTH = 17


class Status(BaseModel):
    """A job, as `flowers vertex status --json` prints it.

    Attributes:
      job_id: the last part of its name.
      state: Vertex's own, in lower case. A job whose model was refused has `succeeded`.
      seconds: from its start to its end, or until now.
      steps: see `pipeline.history.runs.Step`.
      verdict: the gate's words, and the serving check's where it refused; null before them.
      passed: whether the model was pushed, by this job or the one that the cache knows; null before
        that is known. What has served since is not looked at.
      pushed: the version, or null.
      error: what Vertex says of a failure, or null.
      link: where the console shows it.
    """

    job_id: str
    state: str
    seconds: float
    steps: list[Step]
    verdict: str | None = None
    passed: bool | None = None
    pushed: str | None = None
    error: str | None = None
    link: str

    @property
    def exit_code(self) -> int:
        """0: pushed, or still going on; 1: failed or cancelled, also by bad data; 3: refused."""
        if self.state in ("failed", "cancelled"):
            return FAILED
        return REFUSED if self.passed is False else DONE

    def format_line(self) -> str:
        """Returns what a list of jobs shows of it."""
        result = {True: "pushed", False: "refused", None: ""}[self.passed]
        lasted = format_duration(self.seconds)
        return f"{self.job_id:<40} {self.state:<10} {lasted:<12} {result}".rstrip()

    def format(self) -> list[str]:
        """Returns all of it, as lines."""
        lines = [f"{self.job_id}: {self.state}, {format_duration(self.seconds)}", ""]
        lines += [f"{s.name:<{_NAME_WIDTH}} {s.state:<11} {s.seconds:7.1f} s" for s in self.steps]
        lines += ["", *(part for part in (self.verdict, self.error) if part)]
        if self.passed is not None:
            lines.append(f"Pushed: version {self.pushed}" if self.passed else "Nothing was pushed.")
        return [*lines, self.link]


def status_of(job: PipelineJob, vertex: VertexSettings) -> Status:
    """Returns the status of a job that was just asked for."""
    tasks = {task.task_name: task for task in steps_of(job)}
    outputs = {name: _outputs(task.outputs) for name, task in tasks.items()}
    gate, check = _of(outputs, "Gate", "blessing"), _of(outputs, "ServingCheck", "blessing")
    pushed = _of(outputs, "Pusher", "pushed_model")
    return Status(
        job_id=id_of(job),
        state=state_of(job),
        seconds=_seconds(job.start_time or job.create_time, job.end_time),
        steps=[
            Step(
                name=name, state=step_state(task), seconds=_seconds(task.start_time, task.end_time)
            )
            for name, task in tasks.items()
        ],
        verdict=format_verdict_properties(gate or {}, check or {}) or None,
        passed=None if pushed is None else bool(pushed.get("pushed")),
        pushed=str(pushed["pushed_version"]) if pushed and pushed.get("pushed") else None,
        error=_error(job),
        link=link(vertex, job),
    )


def _outputs(outputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the properties of a task's first artifact of each key."""
    return {
        key: _properties(list_.artifacts[0]) for key, list_ in outputs.items() if list_.artifacts
    }


def _properties(artifact: Artifact) -> dict[str, Any]:
    return dict(artifact.metadata or {})


def _of(outputs: Mapping[str, Any], step: str, key: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = outputs.get(step, {}).get(key)
    return found


def _seconds(start: Any, end: Any) -> float:
    """Returns the seconds of what has begun: to its end, or until now."""
    return ((end or datetime.datetime.now(datetime.UTC)) - start).total_seconds() if start else 0.0


def _error(job: PipelineJob) -> str | None:
    """Returns the job's error, or that of the step that failed first."""
    failed = [t.error.message for t in steps_of(job) if t.error and t.error.message]
    if not has_ended(job) or job.state != PipelineState.PIPELINE_STATE_FAILED:
        return None
    return failed[0] if failed else job.error.message or None
