"""The section Classes: precision, recall and F1 of each class, slices, and calibration."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from components.intervals import f1_interval, wilson_interval
from pipeline.report_page.charts import reliability
from pipeline.report_page.figures import Interval, percent
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import ReportSources

# A claim that is at most as far from the truth counts as right, in points of a percentage.
_CALIBRATED = 2.0


@dataclass(frozen=True)
class ClassRow:
    """A class: its images by split, and its metrics on the test split; None if undefined."""

    name: str
    images: dict[str, int]
    precision: Interval | None
    recall: Interval | None
    f1: Interval | None


def build(sources: ReportSources) -> Section:
    """Returns the section; without metrics it says why there are none."""
    section = Section(
        "classes",
        "Classes",
        "How well the model does on each class. Recall: how many of the images of a class it "
        "finds; precision: how many of those that it calls so are of that class; F1: both in one.",
        "classes.html.j2",
    )
    metrics = sources.metrics
    if metrics is None:
        return section.without(
            "There is nothing to show: the step Gate, which measures the classes, did not finish "
            "in this run."
        )
    rows = class_rows(metrics, sources.run.classes)
    bins, error = metrics["calibration"]["bins"], metrics["calibration"]["error"]
    words = describe_calibration(bins) if bins else ""
    return section.with_content(
        rows=sorted(rows, key=lambda row: row.f1.value if row.f1 else -1),
        splits=list(sources.run.classes),
        examples=metrics["examples"],
        kind=sources.kind,
        macro=metrics["macro"],
        undefined=any(None in (row.precision, row.recall, row.f1) for row in rows),
        slices=_slices(metrics),
        calibration=reliability(f"Reliability diagram. {words}", bins) if bins else "",
        calibration_words=words,
        calibration_error=error,
    )


def class_rows(metrics: dict[str, Any], images: dict[str, dict[str, int]]) -> list[ClassRow]:
    """Returns a row for each class, in the order of their ids.

    Args:
      metrics: The metrics, see `components.gate.metrics.Tally.metrics`.
      images: The number of images by split and class name.
    """
    counts = np.array(metrics["confusion"], np.int64)
    correct, predicted, true = np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1)
    rows = []
    for i, name in enumerate(metrics["class_names"]):
        k, p, t = int(correct[i]), int(predicted[i]), int(true[i])
        involved = p + t - k
        f1 = Interval("", 2 * k / (p + t), *f1_interval(k, involved)) if involved else None
        by_split = {split: classes.get(name, 0) for split, classes in images.items()}
        rows.append(ClassRow(name, by_split, _share(k, p), _share(k, t), f1))
    return rows


def describe_calibration(bins: list[dict[str, Any]]) -> str:
    """Returns in a sentence whether the model is as sure as it should be."""
    images = sum(b["examples"] for b in bins)
    claimed = sum(b["examples"] * b["confidence"] for b in bins) / images
    right = sum(b["examples"] * b["accuracy"] for b in bins) / images
    points = 100 * (claimed - right)
    words = f"On average the model is {percent(claimed)} sure, and {percent(right)} of its answers "
    words += "are right: "
    if abs(points) <= _CALIBRATED:
        return f"{words}it is about as sure as it should be."
    kind = "too sure of itself" if points > 0 else "more cautious than it needs to be"
    return f"{words}it is {kind}, by {abs(points):.1f} points."


def _share(part: int, whole: int) -> Interval | None:
    return Interval("", part / whole, *wilson_interval(part, whole)) if whole else None


def _slices(metrics: dict[str, Any]) -> dict[str, list[tuple[int, Interval]]]:
    """Returns the number of images and the accuracy of each value, by feature."""
    return {
        feature: [
            (v["examples"], Interval(value, v["accuracy"], *v["interval"]))
            for value, v in values.items()
        ]
        for feature, values in metrics["slices"].items()
    }
