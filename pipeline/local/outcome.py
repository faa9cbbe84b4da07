"""The outcome of a run: its final state and its exit code."""

from pipeline.exit_codes import DATA_REFUSED, DONE, FAILED, REFUSED
from pipeline.history.run import Run, RunState

EXIT_CODES: dict[RunState, int] = {
    "pushed": DONE,
    "stopped": DONE,
    "refused": REFUSED,
    "data refused": DATA_REFUSED,
    "failed": FAILED,
}


def final_state(run: Run) -> RunState:
    """Returns the state of a run whose last step has ended: `pushed` or `refused`.

    Raises:
      RuntimeError: The run has no verdict.
    """
    if run.verdict is None:
        raise RuntimeError("the pipeline ended without a verdict")
    return "pushed" if run.pushed is not None else "refused"
