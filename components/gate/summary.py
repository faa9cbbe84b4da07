"""The summary of a finished gate."""

from components.gate.verdict import format_verdict, read_verdict
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns `passed` or `refused`; the value is `verdict`."""
    verdict = read_verdict(uri_of(outputs, "blessing"))
    return StepSummary(format_verdict(verdict).partition(":")[0].lower(), {"verdict": verdict})
