"""The summary of DataGate."""

from components.data_gate.report import NO_PREVIOUS_SPAN, read_report
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns class balance, drift and warnings on accepted data; sets the field `drift`."""
    report = read_report(uri_of(outputs, "report"))
    # Data without spans has no previous one.
    note = "" if report.drift.note == NO_PREVIOUS_SPAN and not run.spans else report.drift.note
    parts = ["fit for training", *report.class_balance, note]
    text = "; ".join(filter(None, parts))
    return StepSummary(text, {"drift": report.drift.exceeded}, report.small_test)
