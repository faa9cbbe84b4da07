"""The section Data: what was read, how it is distributed, and what was set aside or refused."""

from pathlib import Path
from typing import Any

from components.artifacts import read_counts, read_json
from components.data_gate.report import REPORT_FILE, DataReport, read_report
from components.history_files import REFUSAL_FILE
from data.ingestion_counts import IngestionCounts
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sections.data_pictures import quarantine_pictures, sample_pictures
from pipeline.report_page.sections.data_spans import span_figures
from pipeline.report_page.sections.near_duplicates import pair_pictures
from pipeline.report_page.sources import ReportSources
from pipeline.report_page.svg import box

_MOST_REASONS = 30
_BAR_WIDTH = 120


def build(sources: ReportSources) -> Section:
    """Returns the section; of refused data, it begins with what was found."""
    section = Section(
        "data",
        "Data",
        "What the records contain: an example is an image with its class, and each belongs to one "
        "split: train teaches the model, eval chooses its best epoch, and test judges it.",
        "data.html.j2",
    )
    run, refusal = sources.run, _refusal(sources)
    if not run.classes and not refusal:
        why = sources.why_missing("ExampleGen", "examples")
        return section.without(f"The records are not counted: {why}.")
    folder = quarantine_folder(sources)
    counts = read_counts(str(folder)) if folder else None
    report = _data_report(sources)
    content = {
        "refusal": refusal,
        "table": _table(sources),
        "notes": [*report.class_balance, *report.small_test] if report else [],
        "samples": sample_pictures(sources),
        "quarantine": _quarantine(sources, folder, counts),
        "pairs": pair_pictures(sources, folder, counts),
        "spans": span_figures(sources, folder, report.drift if report else None),
    }
    return section.with_content(**content)


def quarantine_folder(sources: ReportSources) -> Path | None:
    """Returns ExampleGen's artifact with the quarantined records, counts and statistics, or None.

    Runs of earlier versions noted it apart from the other artifacts.
    """
    return sources.artifact("ExampleGen", "quarantine") or sources.local(
        sources.run.quarantine or ""
    )


def _refusal(sources: ReportSources) -> dict[str, Any] | None:
    """Returns the step that refused the data, and its reasons; None if it was not refused."""
    if (sources.folder / REFUSAL_FILE).exists():
        values: dict[str, Any] = read_json(str(sources.folder), REFUSAL_FILE)
        return values
    if sources.run.state == "data refused":
        return {"step": "", "reasons": (sources.run.error or "").splitlines()}
    return None


def _data_report(sources: ReportSources) -> DataReport | None:
    """Returns the data gate's report: from its artifact, or from the history if it refused."""
    folders = (sources.artifact("DataGate", "report"), sources.folder)
    found = next((f for f in folders if f and (f / REPORT_FILE).exists()), None)
    return read_report(str(found)) if found else None


def _table(sources: ReportSources) -> dict[str, Any] | None:
    """Returns the numbers of examples by class and split; None if they are not known."""
    classes = sources.run.classes
    if not classes:
        return None
    known = sources.run.class_names
    others = sorted({name for numbers in classes.values() for name in numbers} - {*known})
    totals = {
        name: sum(numbers.get(name, 0) for numbers in classes.values())
        for name in [*known, *others]
    }
    most = max(totals.values(), default=0) or 1
    rows = [
        {
            "name": name,
            "numbers": [numbers.get(name, 0) for numbers in classes.values()],
            "total": total,
            "bar": box(0, 0, _BAR_WIDTH * total / most, 12, "bar"),
        }
        for name, total in totals.items()
    ]
    return {
        "splits": list(classes),
        "rows": rows,
        "totals": [sum(numbers.values()) for numbers in classes.values()],
        "bar_width": _BAR_WIDTH,
    }


def _quarantine(
    sources: ReportSources, folder: Path | None, counts: IngestionCounts | None
) -> dict[str, Any]:
    """Returns the reasons with their numbers, and pictures; `missing` if they are not known."""
    if folder is None or counts is None:
        why = sources.why_missing("ExampleGen", "quarantine")
        return {"missing": why, "broken_files": []}
    reasons = list(counts.quarantined.items())
    return {
        "missing": "",
        "number": counts.bad,
        "read": counts.read,
        "reasons": reasons[:_MOST_REASONS],
        "other_reasons": len(reasons[_MOST_REASONS:]),
        "others": sum(number for _, number in reasons[_MOST_REASONS:]),
        "broken_files": counts.broken_files,
        "pictures": quarantine_pictures(sources, folder, counts),
    }
