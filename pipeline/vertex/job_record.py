"""The run of a job on Vertex AI, as the history of local runs records it.

Vertex AI knows the tasks of a job with their outputs, also of those that came from its cache, so
the steps need not report anything themselves.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from google.cloud import aiplatform_v1 as v1

from components.alert.message import FinalStatus
from components.example_gen.source_properties import read_source
from components.history_files import read_refusal
from data.common.errors import describe_error
from data.spans import has_spans, span_name
from pipeline.history.run import Run, Step
from pipeline.local.step_record import record_step
from pipeline.vertex.job_facts import JobFacts, new_run
from pipeline.vertex.jobs import id_of, seconds_between, step_state
from pipeline.vertex.tfx_artifacts import outputs_of, tfx_artifacts

if TYPE_CHECKING:
    from tfx.types import Artifact

_CANCELLED = "the job was cancelled"


def record_job(job: v1.PipelineJob, facts: JobFacts, status: FinalStatus, folder: Path) -> Run:
    """Returns the run of a job whose steps have ended, and writes their files to a folder.

    Args:
      job: The job, as the service returns it.
      facts: What the compiler knows of it.
      status: The result of its steps together.
      folder: Local copy of its folder of the history, in which a step writes why it refuses the
        data; `record_step` writes its files there.
    """
    parameters = dict(job.runtime_config.parameter_values.items())
    start = job.start_time or job.create_time
    run = new_run(facts, id_of(job), start.isoformat(timespec="seconds"), parameters)
    tasks = {task.task_name: task for task in job.job_detail.task_details}
    for step in run.steps:
        if task := tasks.get(step.name):
            _record_task(run, step, job, task, facts.patterns[0], folder)
    run.stop_steps("interrupted")
    if run.verdict and run.verdict.baseline:
        run.baseline = run.verdict.baseline.version
    ends = [task.end_time for task in tasks.values() if task.end_time]
    run.seconds = seconds_between(start, max(ends)) if ends else 0.0
    _conclude(run, tasks, status, str(folder))
    return run


def _record_task(
    run: Run,
    step: Step,
    job: v1.PipelineJob,
    task: v1.PipelineTaskDetail,
    pattern: str,
    folder: Path,
) -> None:
    """Records a task; outputs that cannot be read cost only what the report shows of them."""
    step.state = step_state(task)
    step.seconds = seconds_between(task.start_time, task.end_time)
    if step.state not in ("done", "cached"):
        return
    step.why = "not in the cache" if step.state == "done" else ""
    try:
        outputs = tfx_artifacts(outputs_of(job, task))
        if not outputs:
            raise LookupError("Vertex AI does not list them")
        record_step(run, step.name, outputs, folder)
        if step.name == "ExampleGen":
            _record_source(run, outputs["examples"][0], pattern)
    except Exception as error:
        logging.getLogger(__name__).exception("the outputs of %s cannot be read", step.name)
        step.found = f"its outputs cannot be read: {describe_error(error)}"


def _record_source(run: Run, examples: "Artifact", pattern: str) -> None:
    """Records which span the driver of ExampleGen found, and its fingerprint of the files."""
    span, run.records_fingerprint = read_source(examples)
    if has_spans(pattern):
        run.newest_span, run.spans = span, [span_name(pattern, span)]


def _conclude(
    run: Run, tasks: Mapping[str, v1.PipelineTaskDetail], status: FinalStatus, history: str
) -> None:
    """Sets the final state of a run, and why it failed."""
    if status["state"] == "SUCCEEDED":
        run.state = "pushed" if run.pushed is not None else "refused"
        if "Pusher" not in run.artifacts:
            raise LookupError("Vertex AI does not list what the step Pusher returned")
        return
    if status["state"] == "CANCELLED":
        run.state, run.error = "interrupted", _CANCELLED
        return
    failed = [step.name for step in run.steps if step.state == "failed"]
    for step in failed:
        if refusal := read_refusal(history, step):
            run.state, run.error = "data refused", str(refusal)
            return
    messages = [tasks[step].error.message for step in failed] + [status["error"]]
    run.state, run.error_kind = "failed", "step"
    run.error = next(filter(None, messages), "Vertex AI gives no reason")
