"""The distributions of the section Data, of the newest span and of the one before it."""

from pathlib import Path
from typing import Any

from components.data_gate.report import NO_PREVIOUS_SPAN, Drift
from data.ingestion_counts import PREVIOUS_SPAN_FILE, SPAN_FILE
from pipeline.report_page.distributions import (
    SpanStatistics,
    draw_distribution,
    draw_labels,
    most_changed,
    read_span,
)
from pipeline.report_page.sources import ReportSources

# The titles of the measured features, with what their values mean.
_FEATURES = {
    "width": ("Width", "pixels"),
    "height": ("Height", "pixels"),
    "brightness": ("Brightness", "0 is black, 1 is white"),
    "sharpness": ("Sharpness", "blurred pictures have low values"),
}
_MOST_CLASSES = 20


def span_figures(
    sources: ReportSources, folder: Path | None, drift: Drift | None
) -> dict[str, Any]:
    """Returns the distributions of the images, over those of the span before if it is known.

    Args:
      sources: What the page is made from.
      folder: ExampleGen's quarantine artifact, or None.
      drift: What the data gate found, or None.
    """
    now = read_span(folder / SPAN_FILE) if folder else None
    if folder is None or now is None:
        why = sources.why_missing("ExampleGen", "quarantine") if folder is None else ""
        return {"missing": why or "no record is valid"}
    before = _read_previous(sources, folder)
    note = drift.note if drift else ""
    return {
        "missing": "",
        "images": now.images,
        "figures": [_figure(name, now, before) for name in _FEATURES if now.features.get(name)],
        "has_spans": bool(sources.run.spans),
        "before": before.images if before else 0,
        "gone": bool(sources.run.span_before) and before is None,
        "labels": _labels(now, before) if before else "",
        "exceeded": drift.exceeded if drift else sources.run.drift,
        "note": "" if note == NO_PREVIOUS_SPAN and not sources.run.spans else note,
    }


def _read_previous(sources: ReportSources, folder: Path) -> SpanStatistics | None:
    if not sources.run.span_before:
        return read_span(folder / PREVIOUS_SPAN_FILE)
    other = sources.local(sources.run.span_before)
    return read_span(other / SPAN_FILE) if other else None


def _figure(name: str, now: SpanStatistics, before: SpanStatistics | None) -> dict[str, Any]:
    title, meaning = _FEATURES[name]
    old = before.features.get(name, []) if before else []
    new = now.features[name]
    figure: dict[str, Any] = {"title": title, "meaning": meaning, "only": "", "picture": ""}
    values = {edge for bucket in [*new, *old] for edge in (bucket.low, bucket.high)}
    if len(values) == 1:
        return {**figure, "only": f"{values.pop():,.4g}"}
    picture = draw_distribution(
        f"{title} of the images: share of the images by {title.lower()}", new, old, _format
    )
    return {**figure, "picture": picture}


def _format(value: float) -> str:
    return f"{value:,.4g}"


def _labels(now: SpanStatistics, before: SpanStatistics) -> Any:
    names = most_changed(now.labels, before.labels, _MOST_CLASSES)
    return draw_labels("Share of the classes in both spans", names, now.labels, before.labels)
