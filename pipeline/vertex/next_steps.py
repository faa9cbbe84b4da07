"""What to do after a job on Vertex AI, for its report."""

from pathlib import Path

from components.lite.result import LITE_FILE
from components.model_store.exports import EXPORTS
from data.common.formatting import shell_word
from pipeline.history.run import Run
from pipeline.reporting.next_steps import NextStep, next_steps
from pipeline.root_files import ARTIFACTS_FOLDER, SERVING_FOLDER
from pipeline.vertex.local_copies import is_remote

_PROGRAM = "flowers"


def job_next_steps(run: Run, root: str) -> list[NextStep]:
    """Returns what to look at and to do after a job, in this order.

    Args:
      run: The run of the job.
      root: Its root; a local folder in a rehearsal, which a local run could have written.
    """
    if not is_remote(root):
        return next_steps(run, Path(root), Path(root, ARTIFACTS_FOLDER), _PROGRAM)
    status = NextStep("Status", f"{_PROGRAM} vertex status {run.run_id} --config FILE")
    if run.state == "pushed":
        return [*_after_push(run, root), status]
    if run.state in ("failed", "interrupted"):
        failed = next((step.name for step in run.steps if step.state == "failed"), None)
        step = f" --step {failed}" if failed else ""
        logs = NextStep("Logs", f"{_PROGRAM} vertex logs {run.run_id}{step} --config FILE")
        again = "A job with the same settings resumes after the steps that finished."
        return [logs, NextStep("", again), status]
    return [*([NextStep("", "Nothing was pushed.")] if run.state == "refused" else []), status]


def _after_push(run: Run, root: str) -> list[NextStep]:
    if run.setting("push.to") != "folder":
        return [NextStep("Served", "on the endpoint of Vertex AI, see the status")]
    served = f"{root}/{SERVING_FOLDER}/{run.pushed}"
    steps = [
        NextStep("Served", served),
        NextStep("Fetch it", f"gcloud storage cp --recursive {shell_word(served)} DIR/serving/"),
        NextStep("Try it", f"{_PROGRAM} predict --root DIR IMAGE..."),
    ]
    if run.lite and run.lite.digest:
        file = shell_word(f"{root}/{EXPORTS}/{run.pushed}/{LITE_FILE}")
        steps.append(NextStep("TFLite", f"gcloud storage cp {file} {LITE_FILE}"))
    return steps
