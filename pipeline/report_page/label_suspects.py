"""Finds images whose labels a model doubts, with cleanlab; writes them to a CSV for corrections."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.common.files import write_whole
from data.importing.corrections import ACTION, CORRECTION, INFORMATION, LABEL, SOURCE
from pipeline.report_page.sources import Predictions

_COLUMNS = (SOURCE, LABEL, *INFORMATION, ACTION, CORRECTION)
# What a spreadsheet takes for the beginning of a formula.
_FORMULA_STARTS = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Suspect:
    """An image whose label may be wrong.

    Attributes:
      split: Its split.
      record_id: Its id in the table of predictions.
      source: The path of its file; empty if the record names none.
      label: The class id that it has.
      suggested: The class id to which the model gives the highest probability.
      score: cleanlab's quality of the label: the probability that the model gives to it. A low one
        is suspect.
      suggested_probability: The probability of the suggested class.
    """

    split: str
    record_id: str
    source: str
    label: int
    suggested: int
    score: float
    suggested_probability: float


def find_suspects(predictions: Sequence[Predictions]) -> list[Suspect]:
    """Returns the images whose labels are suspect, worst first.

    The labels are ranked by `self_confidence`, the probability of the given class. Confident
    learning estimates how many of them are wrong: it counts an image for another class if its
    probability exceeds the average that the model gives to that class where it is the label. That
    many labels of the lowest quality are suspect, without those that the model itself predicts.
    Against simulated wrong labels, this found more of them among fewer suspects than cleanlab's
    other scores and filters.

    Reference: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
    Labels", JAIR 2021.

    Args:
      predictions: Predictions for images that the model was not trained on, at least one.

    Returns:
      The suspects; none if the images have fewer than two classes, because nothing is confused
      then, or if the probabilities are not numbers.
    """
    labels = np.concatenate([some.classes for some in predictions])
    probabilities = np.concatenate([some.probabilities for some in predictions])
    if len(np.unique(labels)) < 2 or not np.isfinite(probabilities).all():
        return []
    suspect = _find(labels, probabilities)
    suspects, start = [], 0
    for some in predictions:
        rows = np.flatnonzero(suspect[start : start + len(some)])
        suspects += [_suspect(some, row) for row in rows]
        start += len(some)
    return sorted(suspects, key=lambda found: (found.score, -found.suggested_probability))


def _find(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Returns which labels are suspect, bool [n]."""
    # It takes a second to import.
    from cleanlab.filter import find_label_issues

    # In float64, the rows sum to one as closely as cleanlab expects.
    rows = probabilities.astype(np.float64)
    rows /= rows.sum(axis=1, keepdims=True)
    found: np.ndarray = find_label_issues(labels, rows, filter_by="low_self_confidence", n_jobs=1)
    return found & (probabilities.argmax(axis=1) != labels)


def _suspect(predictions: Predictions, row: int) -> Suspect:
    return Suspect(
        predictions.split,
        predictions.ids[row],
        predictions.sources[row],
        int(predictions.classes[row]),
        int(predictions.predicted[row]),
        float(predictions.of_true_class[row]),
        float(predictions.confidences[row]),
    )


def write_suspects(suspects: Sequence[Suspect], class_names: Sequence[str], file: Path) -> bool:
    """Writes the suspects that name a file to a CSV for `flowers data import --corrections`.

    A file with other content is kept, because people fill it in.

    Args:
      suspects: The suspects.
      class_names: The classes in the order of their ids.
      file: The file.

    Returns:
      Whether the file has this content now; False if another one was kept.
    """
    # The byte order mark tells spreadsheets that it is UTF-8.
    stream = io.StringIO("\ufeff", newline="")
    stream.seek(0, io.SEEK_END)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_row(found, class_names) for found in suspects if found.source)
    text = stream.getvalue()
    if not file.exists():
        write_whole(file, text)
    return file.read_bytes() == text.encode()


def _row(found: Suspect, class_names: Sequence[str]) -> list[str]:
    source = f"./{found.source}" if found.source.startswith(_FORMULA_STARTS) else found.source
    return [
        source,
        class_names[found.label],
        class_names[found.suggested],
        f"{found.score:.4f}",
        f"{found.suggested_probability:.4f}",
        found.split,
        found.record_id,
        "",
        "",
    ]
