"""The summary of DataGate."""

from components.data_gate.report import NO_PREVIOUS_SPAN, read_report
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the class balance and the drift of accepted data; sets the field `drift`."""
    report = read_report(uri_of(outputs, "report"))
    # Data without spans has no previous one.
    note = "" if report.drift.note == NO_PREVIOUS_SPAN and not run.spans else report.drift.note
    parts = ["fit for training", *report.class_balance, note]
    return StepSummary("; ".join(filter(None, parts)), {"drift": report.drift.exceeded})
