"""Lists of test images for a page: a picture of each, with the answers of the models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.report_page.sections.base import MOST_PICTURES
from pipeline.report_page.sources import Predictions, ReportSources
from pipeline.report_page.thumbnails import Thumbnail


@dataclass(frozen=True)
class Answer:
    """A class with the probability that a model gave it."""

    class_name: str
    probability: float


@dataclass(frozen=True)
class Card:
    """A picture with what the model answered.

    Attributes:
      thumbnail: The picture.
      file: The path of the image file; if the record names none, the id of the record.
      true, predicted: The true and the predicted class ids.
      answer: The predicted class.
      truth: The true class, with the probability that the model gave it.
      second: The second most probable class.
      baseline: What the baseline answered, or None.
    """

    thumbnail: Thumbnail
    file: str
    true: int
    predicted: int
    answer: Answer
    truth: Answer
    second: Answer
    baseline: Answer | None = None

    @property
    def correct(self) -> bool:
        """Whether the predicted class is the true one."""
        return self.true == self.predicted


@dataclass(frozen=True)
class Cards:
    """The first pictures of a list, and how many images the list has."""

    shown: list[Card]
    total: int


def make_cards(
    sources: ReportSources,
    predictions: Predictions,
    rows: Sequence[int] | np.ndarray,
    baseline: np.ndarray | None = None,
) -> Cards:
    """Returns cards of images, at most MOST_PICTURES, and requests their pictures.

    Args:
      sources: What the page is made from.
      predictions: The predictions for a split.
      rows: The images, as rows of the predictions, in the order in which they are shown.
      baseline: The baseline's probabilities, float32 [n, classes]; shown if there are any.
    """
    names = sources.class_names
    cards = []
    for row in rows[:MOST_PICTURES]:
        probabilities = predictions.probabilities[row]
        true, predicted = int(predictions.classes[row]), int(predictions.predicted[row])
        cards.append(
            Card(
                thumbnail=sources.thumbnails.request(
                    predictions.split, predictions.ids[row], f"labelled {names[true]}"
                ),
                file=predictions.sources[row] or f"record {predictions.ids[row]}",
                true=true,
                predicted=predicted,
                answer=_answer(names, probabilities, predicted),
                truth=_answer(names, probabilities, true),
                second=_answer(names, probabilities, _second(probabilities)),
                baseline=None if baseline is None else _best(names, baseline[row]),
            )
        )
    return Cards(cards, len(rows))


def _answer(names: Sequence[str], probabilities: np.ndarray, class_id: int) -> Answer:
    return Answer(names[class_id], float(probabilities[class_id]))


def _best(names: Sequence[str], probabilities: np.ndarray) -> Answer:
    return _answer(names, probabilities, int(probabilities.argmax()))


def _second(probabilities: np.ndarray) -> int:
    """Returns the second most probable class; the only one if there is one class."""
    return int(np.argsort(-probabilities, kind="stable")[:2][-1])
