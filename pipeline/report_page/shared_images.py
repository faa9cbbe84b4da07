"""Two models on the test images of both: which they classify correctly, and McNemar's test."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from components.gate.metrics import count_confusion, ratio
from components.intervals import wilson_interval
from components.mcnemar import mcnemar_p_value
from pipeline.report_page.pairs import Estimate, Pair
from pipeline.report_page.sources import Predictions

# Two models differ significantly if the p-value is below it, as for `gate.significance`.
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class ClassScore:
    """How a model does on a class.

    Attributes:
      images: Number of images of the class.
      recall: The share of them that is classified correctly, with its interval; None if there is
        no image of the class.
      precision: The share of the images classified as this class that is of the class; None if
        there is none.
    """

    images: int
    recall: Estimate | None
    precision: float | None


@dataclass(frozen=True)
class ChangedImage:
    """An image that one of the models alone classifies correctly.

    Attributes:
      name: The path of the image file that the record names; empty if it names none.
      id: The id of its record.
      label: Its class.
      now_right: Whether the model of B is the one that is right.
      predicted_a, predicted_b: The predicted classes.
      probability_a, probability_b: Their probabilities.
    """

    name: str
    id: str
    label: str
    now_right: bool
    predicted_a: str
    predicted_b: str
    probability_a: float
    probability_b: float


@dataclass(frozen=True)
class SharedImages:
    """Two models on the same images, which neither has seen in its training.

    Attributes:
      images: Number of images that are test images of both runs.
      test_images: Number of test images of each run.
      accuracy: The accuracy of each model on the shared images.
      gained: Number of images that only the model of B classifies correctly.
      lost: Number of images that only the model of A classifies correctly.
      p_value: The two-sided p-value of McNemar's exact test.
      classes: The scores on each class.
      changed: The gained and lost images, by name.
    """

    images: int
    test_images: Pair[int]
    accuracy: Pair[Estimate]
    gained: int
    lost: int
    p_value: float
    classes: list[Pair[ClassScore]]
    changed: list[ChangedImage]

    @property
    def significant(self) -> bool:
        """Whether one model is better at the 5 % level."""
        return self.p_value < SIGNIFICANCE


@dataclass(frozen=True)
class Answers:
    """What a model answered for test images; each attribute is an array [n].

    Attributes:
      ids: The ids of the records.
      sources: The paths of the image files that they name.
      labels: The names of the true classes.
      predicted: The names of the predicted classes.
      probabilities: The probabilities of the predicted classes.
    """

    ids: np.ndarray
    sources: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray

    @classmethod
    def of(cls, found: Predictions, class_names: Sequence[str]) -> "Answers":
        """Returns the answers in the predictions of a model with these classes."""
        names = np.array(class_names, object)
        return cls(
            np.array(found.ids, object),
            np.array(found.sources, object),
            names[found.classes],
            names[found.predicted],
            found.confidences,
        )

    @property
    def correct(self) -> np.ndarray:
        """Whether each image is classified correctly, bool [n]."""
        return np.asarray(self.labels == self.predicted, bool)

    def take(self, rows: np.ndarray) -> "Answers":
        """Returns the answers for some of the images, in the order of their row numbers."""
        return Answers(*(getattr(self, field.name)[rows] for field in fields(self)))


def compare_images(
    a: Answers, b: Answers, classes_a: Sequence[str], classes_b: Sequence[str]
) -> SharedImages:
    """Compares two models on the records that are in the test splits of both runs.

    Args:
      a, b: The answers of each model for its test split.
      classes_a, classes_b: The classes of each model.
    """
    test_images = Pair("test images", len(a.ids), len(b.ids))
    rows_a, rows_b = _shared_rows(a.ids, b.ids)
    a, b = a.take(rows_a), b.take(rows_b)
    gained, lost = b.correct & ~a.correct, a.correct & ~b.correct
    names = list(dict.fromkeys([*classes_a, *classes_b]))
    scores_a, scores_b = _class_scores(a, names), _class_scores(b, names)
    return SharedImages(
        images=len(a.ids),
        test_images=test_images,
        accuracy=Pair("accuracy", _accuracy(a), _accuracy(b)),
        gained=int(gained.sum()),
        lost=int(lost.sum()),
        p_value=mcnemar_p_value(int(gained.sum()), int(lost.sum())),
        classes=[
            Pair(
                name,
                scores_a[name] if name in classes_a else None,
                scores_b[name] if name in classes_b else None,
            )
            for name in names
        ],
        changed=_changed_images(a, b, np.flatnonzero(gained | lost)),
    )


def _shared_rows(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows of the ids that are in both arrays, in the order of `a`.

    Identical records have the same id: the second one in `a` belongs to the second one in `b`.
    """
    rows_of_b = {key: row for row, key in enumerate(_numbered(b))}
    pairs = [(row, rows_of_b[key]) for row, key in enumerate(_numbered(a)) if key in rows_of_b]
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _numbered(ids: np.ndarray) -> list[tuple[str, int]]:
    """Returns each id with the number of its earlier occurrences."""
    counts: Counter[str] = Counter()
    keys = []
    for name in ids:
        keys.append((name, counts[name]))
        counts[name] += 1
    return keys


def _accuracy(answers: Answers) -> Estimate:
    return _estimate(int(answers.correct.sum()), len(answers.ids))


def _class_scores(answers: Answers, names: Sequence[str]) -> dict[str, ClassScore]:
    """Returns the scores on each class by name."""
    index = {name: i for i, name in enumerate(names)}
    true, predicted = (
        np.array([index[name] for name in column], np.int64)
        for column in (answers.labels, answers.predicted)
    )
    return class_scores(count_confusion(true, predicted, len(names)), names)


def class_scores(confusion: np.ndarray, names: Sequence[str]) -> dict[str, ClassScore]:
    """Returns the scores on each class by name, from counts int64 [true, predicted]."""
    columns = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        name: ClassScore(
            images=true,
            recall=_estimate(correct, true) if true else None,
            precision=correct / predicted if predicted else None,
        )
        for name, correct, true, predicted in zip(
            names, *(column.tolist() for column in columns), strict=True
        )
    }


def _estimate(correct: int, n: int) -> Estimate:
    return Estimate(ratio(correct, n), *wilson_interval(correct, n))


def _changed_images(a: Answers, b: Answers, rows: np.ndarray) -> list[ChangedImage]:
    changed = [
        ChangedImage(
            name=b.sources[row] or a.sources[row],
            id=b.ids[row],
            label=b.labels[row],
            now_right=bool(b.labels[row] == b.predicted[row]),
            predicted_a=a.predicted[row],
            predicted_b=b.predicted[row],
            probability_a=float(a.probabilities[row]),
            probability_b=float(b.probabilities[row]),
        )
        for row in rows
    ]
    return sorted(changed, key=lambda image: (image.name, image.id))
