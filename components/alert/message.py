"""The alert of a finished job, made from the outputs of its steps."""

import os
from typing import Any, Literal, TypedDict

import tensorflow as tf

from components.artifacts import read_json
from components.properties import format_verdict_properties

JobOutcome = Literal["pushed", "refused", "unchanged", "failed", "cancelled"]
_OUTPUT = "executor_output.json"


class FinalStatus(TypedDict):
    """The result of a job, as Vertex AI passes it to an exit handler.

    Attributes:
      name: Resource name of the job.
      state: SUCCEEDED, FAILED or CANCELLED.
      error: Why the job failed; empty if it succeeded.
    """

    name: str
    state: str
    error: str


class JobAlert(TypedDict):
    """The JSON of an alert.

    Attributes:
      pipeline: Name of the pipeline.
      job: Vertex AI's id of the job.
      outcome: How the job ended; `unchanged` if all steps came from the cache.
      text: The whole message as text, which chat programs show.
      verdict: Text of the gate's verdict, and of the serving check's result if it failed; empty
        without a new verdict.
      version: The pushed version; empty if nothing was pushed.
      error: Why the job failed; empty if it succeeded.
      report: Where to look at the report of the job; empty if it could not be made.
    """

    pipeline: str
    job: str
    outcome: JobOutcome
    text: str
    verdict: str
    version: str
    error: str
    report: str


def create_alert(
    pipeline: str, status: FinalStatus, artifacts: str, report: str, report_problem: str = ""
) -> JobAlert:
    """Returns the alert of a finished job.

    Args:
      pipeline: Name of the pipeline.
      status: The result of the job.
      artifacts: Folder of the artifacts; the steps of the job write to `PROJECT/JOB/STEP_ID`.
      report: Where to look at the report of the job; empty if it could not be made.
      report_problem: Why it could not be made.
    """
    job = status["name"].rpartition("/")[2]
    gate = _read_properties(artifacts, job, "Gate", "blessing")
    check = _read_properties(artifacts, job, "ServingCheck", "blessing")
    pushed = _read_properties(artifacts, job, "Pusher", "pushed_model")
    outcome = _get_outcome(status["state"], pushed)
    verdict = format_verdict_properties(gate, check)
    version = str(pushed.get("pushed_version", "")) if outcome == "pushed" else ""
    title = f"{pipeline}: {outcome}{f', version {version}' if version else ''} ({job})"
    link = f"Report: {report}" if report else f"The report could not be made: {report_problem}"
    return JobAlert(
        pipeline=pipeline, job=job, outcome=outcome, verdict=verdict, version=version,
        error=status["error"], report=report,
        text="\n".join(filter(None, [title, verdict, status["error"], link])),
    )  # fmt: skip


def _get_outcome(state: str, pushed: dict[str, Any]) -> JobOutcome:
    if state != "SUCCEEDED":
        return "cancelled" if state == "CANCELLED" else "failed"
    if not pushed:
        return "unchanged"
    return "pushed" if pushed.get("pushed") else "refused"


def _read_properties(artifacts: str, job: str, step: str, key: str) -> dict[str, Any]:
    """Returns the properties of a step's output; empty if the step came from the cache."""
    for file in tf.io.gfile.glob(os.path.join(artifacts, "*", job, f"{step}_*", _OUTPUT)):
        (artifact,) = read_json(file).get("artifacts", {}).get(key, {}).get("artifacts", [{}])
        properties: dict[str, Any] = artifact.get("metadata", {})
        if properties:
            return properties
    return {}
