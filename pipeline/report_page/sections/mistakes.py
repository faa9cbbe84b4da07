"""The section Mistakes: the wrong test images as pictures, with the confusion matrix."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from components.gate.metrics import count_confusion
from pipeline.report_page.pictures import make_cards
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import Predictions, ReportSources

# A matrix of more classes is hardly readable: the most frequent confusions are listed instead.
MOST_IN_MATRIX = 40
MOST_CONFUSIONS = 50
# More uncertain images say little.
_LEAST_SURE = 48
# The number of shades of a cell of the matrix.
_SHADES = 9


@dataclass(frozen=True)
class Confusion:
    """How often images of a class were classified as another one.

    Attributes:
      true, predicted: The class ids.
      images: The number of images.
      share: The share among the images of the true class.
    """

    true: int
    predicted: int
    images: int
    share: float

    @property
    def shade(self) -> int:
        """The shade of a cell with this share, from 0."""
        return int(np.ceil(self.share * _SHADES))


def build(sources: ReportSources) -> Section:
    """Returns the section; without predictions it says why there are none."""
    section = Section(
        "mistakes",
        "Mistakes",
        f"The {sources.kind} that the model gets wrong, those first of which it was most sure; "
        "such a picture often shows a wrong label, or something that the training images lack.",
        "mistakes.html.j2",
    )
    test = sources.test
    if test is None:
        why = sources.why_missing("Predictions", "predictions")
        return section.without(f"There are no pictures to show: {why}.")
    if not len(test):
        return section.without("There are no pictures to show: no image is in the test split.")
    return section.with_content(**_content(sources, test))


def _content(sources: ReportSources, test: Predictions) -> dict[str, Any]:
    wrong = np.flatnonzero(~test.correct)
    ranked = wrong[np.argsort(-test.confidences[wrong], kind="stable")]
    top = np.sort(test.probabilities, axis=1)
    margins = top[:, -1] - (top[:, -2] if top.shape[1] > 1 else 0)
    unsure = np.argsort(margins, kind="stable")[:_LEAST_SURE]
    confusion = count_confusion(test.classes, test.predicted, len(sources.class_names))
    as_matrix = len(sources.class_names) <= MOST_IN_MATRIX
    return {
        "names": sources.class_names,
        "images": len(test),
        "kind": sources.kind,
        "mistakes": make_cards(sources, test, ranked),
        "unsure": make_cards(sources, test, unsure),
        "matrix": _matrix(confusion) if as_matrix else [],
        "confusions": [] if as_matrix else frequent_confusions(confusion)[:MOST_CONFUSIONS],
        "kinds": int((confusion - np.diag(np.diag(confusion)) > 0).sum()),
        "changed_sides": _changed_sides(sources, test),
    }


def frequent_confusions(counts: np.ndarray) -> list[Confusion]:
    """Returns the pairs of classes that were confused, the most frequent ones first."""
    cells = [c for row in _matrix(counts) for c in row if c.images and c.true != c.predicted]
    return sorted(cells, key=lambda cell: (-cell.images, -cell.share))


def _matrix(counts: np.ndarray) -> list[list[Confusion]]:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [
        [Confusion(i, k, int(counts[i, k]), float(shares[i, k])) for k in range(len(counts))]
        for i in range(len(counts))
    ]


def _changed_sides(sources: ReportSources, test: Predictions) -> dict[str, Any] | None:
    """Returns the images that only one of the models classifies correctly; None if there is one."""
    baseline = sources.baseline
    if baseline is None or len(baseline) != len(test):
        return None
    compared = ~np.isnan(baseline).any(axis=1)
    before = np.zeros(len(test), bool)
    before[compared] = baseline[compared].argmax(axis=1) == test.classes[compared]
    lost = np.flatnonzero(compared & before & ~test.correct)
    gained = np.flatnonzero(compared & ~before & test.correct)
    return {
        "version": sources.run.baseline,
        "compared": int(compared.sum()),
        "newly_wrong": make_cards(sources, test, lost, baseline),
        "newly_right": make_cards(sources, test, gained, baseline),
    }
