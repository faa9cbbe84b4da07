"""The status of a job on Vertex AI: its steps, named as those of a local run, and its result."""

from collections.abc import Mapping
from typing import Any

from google.cloud.aiplatform_v1.types import PipelineJob, PipelineState, PipelineTaskDetail
from pydantic import BaseModel

from components.properties import format_verdict_properties
from data.common.formatting import format_duration
from pipeline.exit_codes import DONE, FAILED, REFUSED
from pipeline.history.run import STEP_WIDTH, Step
from pipeline.settings.vertex import VertexSettings
from pipeline.vertex.jobs import (
    console_link,
    id_of,
    seconds_between,
    state_of,
    step_state,
    steps_of,
)
from pipeline.vertex.report_location import EXIT_HANDLER, report_link


class JobStatus(BaseModel):
    """The status of a job, as `flowers vertex status --json` prints it.

    Attributes:
      job_id: The last part of the job's name.
      state: Vertex AI's state, in lower case; `succeeded` also if the model was refused.
      seconds: Seconds from the start of the job to its end, or until now.
      steps: The steps, see `pipeline.history.run.Step`.
      verdict: Text of the gate's verdict, and of the serving check's result if it failed; None
        before the gate.
      passed: Whether this job, or the one in the cache, pushed the model; None before the push.
        Later changes of the serving version are ignored.
      pushed: The pushed version, or None.
      newer: The version that serves instead, from a push at the same time, or None.
      error: Vertex AI's message about a failure, or None.
      report: URL of the report of the job; None before its exit handler has run.
      link: URL of the job in Google Cloud's console.
    """

    job_id: str
    state: str
    seconds: float
    steps: list[Step]
    verdict: str | None = None
    passed: bool | None = None
    pushed: str | None = None
    newer: int | None = None
    error: str | None = None
    report: str | None = None
    link: str

    @property
    def exit_code(self) -> int:
        """0: running, or the model was pushed; 1: failed or cancelled; 3: the model was refused."""
        if self.state in ("failed", "cancelled"):
            return FAILED
        return REFUSED if self.passed is False else DONE

    def format_line(self) -> str:
        """Returns the status as one line of a list."""
        result = {True: "pushed", False: "refused", None: ""}[self.passed]
        duration = format_duration(self.seconds)
        return f"{self.job_id:<40} {self.state:<10} {duration:<12} {result}".rstrip()

    def format(self) -> list[str]:
        """Returns the whole status as lines."""
        lines = [f"{self.job_id}: {self.state}, {format_duration(self.seconds)}", ""]
        lines += [f"{s.name:<{STEP_WIDTH}} {s.state:<11} {s.seconds:7.1f} s" for s in self.steps]
        lines += ["", *(part for part in (self.verdict, self.error) if part)]
        if self.passed is not None:
            lines.append(f"Pushed: version {self.pushed}" if self.passed else "Nothing was pushed.")
        if self.newer:
            lines.append(f"Version {self.newer}, pushed by another job at the same time, serves.")
        return [*lines, *([f"Report: {self.report}"] if self.report else []), self.link]


def status_of(job: PipelineJob, vertex: VertexSettings) -> JobStatus:
    """Returns the status of a job, as the service returned it."""
    tasks = {task.task_name: task for task in steps_of(job)}
    outputs = {name: _properties(task.outputs) for name, task in tasks.items()}
    gate = outputs.get("Gate", {}).get("blessing", {})
    check = outputs.get("ServingCheck", {}).get("blessing", {})
    pushed = outputs.get("Pusher", {}).get("pushed_model")
    return JobStatus(
        job_id=id_of(job),
        state=state_of(job),
        seconds=seconds_between(job.start_time or job.create_time, job.end_time),
        steps=[_step(task) for task in tasks.values()],
        verdict=format_verdict_properties(gate, check) or None,
        passed=None if pushed is None else bool(pushed.get("pushed")),
        pushed=str(pushed["pushed_version"]) if pushed and pushed.get("pushed") else None,
        newer=int(pushed.get("newer", 0)) or None if pushed else None,
        error=_error(job),
        report=_report(job, tasks, vertex),
        link=console_link(vertex, job),
    )


def _step(task: PipelineTaskDetail) -> Step:
    seconds = seconds_between(task.start_time, task.end_time)
    return Step(name=task.task_name, state=step_state(task), seconds=seconds)


def _properties(outputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the properties of the first artifact of each output."""
    return {
        key: dict(output.artifacts[0].metadata or {})
        for key, output in outputs.items()
        if output.artifacts
    }


def _report(
    job: PipelineJob, tasks: Mapping[str, PipelineTaskDetail], vertex: VertexSettings
) -> str | None:
    """Returns the URL of the report; the exit handler's log tells if it could not be made."""
    handler = tasks.get(EXIT_HANDLER)
    done = handler is not None and step_state(handler) == "done"
    return report_link(vertex.root, id_of(job)) if done else None


def _error(job: PipelineJob) -> str | None:
    """Returns the error of the first step that failed, or the error of the job."""
    if job.state != PipelineState.PIPELINE_STATE_FAILED:
        return None
    errors = [t.error.message for t in steps_of(job) if t.error and t.error.message]
    return errors[0] if errors else job.error.message or None
