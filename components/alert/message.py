"""What is told of a job that has ended: read from what its steps left, in words and as JSON."""

import json
import os
from typing import Any, Literal, TypedDict

import tensorflow as tf

from components.artifacts import read_json
from components.properties import format_verdict_properties

JobOutcome = Literal["pushed", "refused", "unchanged", "failed", "cancelled"]
_OUTPUT = "executor_output.json"


class JobAlert(TypedDict):
    """What is sent.

    Attributes:
      pipeline: its name.
      job: Vertex's id of the run.
      outcome: `unchanged` where the cache had every answer.
      text: all of it in words; chat programs show this.
      verdict: the gate's words, and the serving check's where it refused; empty without a new one.
      version: that was pushed, or serves already; empty where none was.
      error: why it failed; empty where it did not.
    """

    pipeline: str
    job: str
    outcome: JobOutcome
    text: str
    verdict: str
    version: str
    error: str


def job_alert(pipeline: str, final_status: str, artifacts: str) -> JobAlert:
    """Returns what there is to tell.

    Args:
      pipeline: its name.
      final_status: a PipelineTaskFinalStatus as JSON text, as Vertex hands it to an exit handler.
      artifacts: the folder below which the job's steps leave theirs, in `PROJECT/JOB/STEP_ID`.
    """
    status = json.loads(final_status)
    job = status["pipelineJobResourceName"].rpartition("/")[2]
    gate = _properties(artifacts, job, "Gate", "blessing")
    check = _properties(artifacts, job, "ServingCheck", "blessing")
    pushed = _properties(artifacts, job, "Pusher", "pushed_model")
    error = status.get("error", {}).get("message", "")
    outcome = _outcome(status["state"], pushed)
    words = format_verdict_properties(gate, check)
    version = str(pushed.get("pushed_version", "")) if outcome == "pushed" else ""
    served = f", version {version}" if version else ""
    first = f"{pipeline}: {outcome}{served} ({job})"
    return JobAlert(
        pipeline=pipeline,
        job=job,
        outcome=outcome,
        text="\n".join(filter(None, [first, words, error])),
        verdict=words,
        version=version,
        error=error,
    )


def _outcome(state: str, pushed: dict[str, Any]) -> JobOutcome:
    if state != "SUCCEEDED":
        return "cancelled" if state == "CANCELLED" else "failed"
    if not pushed:
        return "unchanged"
    return "pushed" if pushed.get("pushed") else "refused"


def _properties(artifacts: str, job: str, step: str, key: str) -> dict[str, Any]:
    """Returns the properties of what a step put out in this job; none if the cache answered."""
    for file in tf.io.gfile.glob(os.path.join(artifacts, "*", job, f"{step}_*", _OUTPUT)):
        (artifact,) = read_json(file).get("artifacts", {}).get(key, {}).get("artifacts", [{}])
        properties: dict[str, Any] = artifact.get("metadata", {})
        if properties:
            return properties
    return {}
