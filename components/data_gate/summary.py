"""The summary of DataGate."""

from components.data_gate.report import NO_PREVIOUS_SPAN, read_report
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the class balance and the drift of accepted data; sets the field `drift`."""
    report = read_report(uri_of(outputs, "report"))
    note = report.drift.note
    if note == NO_PREVIOUS_SPAN and not run.spans:
        note = ""
    parts = ["fit for training", *report.class_balance, *([note] if note else [])]
    return StepSummary("; ".join(parts), {"drift": report.drift.exceeded})
