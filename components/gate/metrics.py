"""Metrics of predictions, counted batch by batch in constant memory."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from components.intervals import CONFIDENCE, wilson_interval

if TYPE_CHECKING:
    # It imports TensorFlow, which a comparison of runs does without.
    from components.gate.batches import Batch

_CALIBRATION_BINS = 10
_BOOTSTRAP_DRAWS = 2000
# Batches of other sizes change a float32 probability by about 1e-6.
_NOISE = 1e-5
# Keeps the logarithm of a probability finite.
_SMALLEST = 1e-12


class Tally:
    """Counts of correct and wrong predictions on the test split."""

    def __init__(self, class_names: Sequence[str], top_k: int):
        """Starts with zero counts for the classes, which are in the order of their ids."""
        n = len(class_names)
        self.class_names = list(class_names)
        self.top_k = min(top_k, n)
        # int64 [true, predicted].
        self.confusion = np.zeros([n, n], np.int64)
        self.in_top_k = 0
        # Examples for which rounding may decide whether they are correct.
        self.near_ties = 0
        # Of the examples on which the models are compared: all; correct with the baseline, with the
        # new model alone, with the baseline alone.
        self.compared = self.baseline_correct = self.gained = self.lost = 0
        self._log_loss = 0.0
        # For each bin: examples, sum of confidences, correct ones.
        self._bins = np.zeros([_CALIBRATION_BINS, 3])
        self._slices: dict[str, tuple[Counter[str], Counter[str]]] = {}

    def add(self, batch: "Batch") -> None:
        """Adds a batch to the counts."""
        predicted = batch.probabilities.argmax(axis=1)
        is_correct = predicted == batch.classes
        np.add.at(self.confusion, (batch.classes, predicted), 1)
        ranked = np.argsort(-batch.probabilities, axis=1, kind="stable")[:, : self.top_k]
        self.in_top_k += int((ranked == batch.classes[:, None]).any(axis=1).sum())
        rows = np.arange(len(is_correct))
        of_class = batch.probabilities[rows, batch.classes]
        others = batch.probabilities.copy()
        others[rows, batch.classes] = -np.inf
        self.near_ties += int((np.abs(of_class - others.max(axis=1)) <= _NOISE).sum())
        self._log_loss -= float(np.log(np.maximum(of_class, _SMALLEST)).sum())
        self._calibrate(batch.probabilities.max(axis=1), is_correct)
        if batch.baseline is not None:
            baseline = (batch.baseline.argmax(axis=1) == batch.classes)[batch.compared]
            new = is_correct[batch.compared]
            self.compared += len(new)
            self.baseline_correct += int(baseline.sum())
            self.gained += int((new & ~baseline).sum())
            self.lost += int((baseline & ~new).sum())
        for name, values in batch.slices.items():
            total, correct = self._slices.setdefault(name, (Counter(), Counter()))
            total.update(values)
            correct.update(v for v, c in zip(values, is_correct, strict=True) if c)

    @property
    def examples(self) -> int:
        """The number of test examples."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """The number of examples that were classified correctly."""
        return int(np.trace(self.confusion))

    def metrics(self) -> dict[str, Any]:
        """Returns all metrics as plain values, as in `metrics.json`.

        `classes` has precision, recall, F1 and the 95 % interval of the recall of each class, and
        `macro` the means; `calibration` has the expected calibration error over ten bins of
        confidence (Naeini et al., 2015); `confusion` has a row for each true class.
        """
        n = self.examples
        return {
            "examples": n,
            "accuracy": ratio(self.correct, n),
            "accuracy_interval": wilson_interval(self.correct, n),
            "top_k_accuracy": {"k": self.top_k, "value": ratio(self.in_top_k, n)},
            "log_loss": self._log_loss / n if n else 0.0,
            "macro": macro_metrics(self.confusion),
            "classes": self._by_class(),
            "calibration": self._calibration(),
            "slices": self._by_slice(),
            "class_names": self.class_names,
            "confusion": self.confusion.tolist(),
        }

    def _calibrate(self, confidences: np.ndarray, is_correct: np.ndarray) -> None:
        index = np.minimum((confidences * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
        rows = np.stack([np.ones_like(confidences), confidences, is_correct], axis=1)
        np.add.at(self._bins, index, rows)

    def _by_class(self) -> dict[str, dict[str, Any]]:
        numbers, correct = self.confusion.sum(axis=1), np.diagonal(self.confusion)
        precision, recall, f1 = class_metrics(self.confusion)
        return {
            name: {
                "examples": int(numbers[i]),
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "recall_interval": wilson_interval(int(correct[i]), int(numbers[i])),
            }
            for i, name in enumerate(self.class_names)
        }

    def _calibration(self) -> dict[str, Any]:
        filled = self._bins[self._bins[:, 0] > 0]
        number, confidence, correct = filled.T
        gaps = np.abs(confidence - correct)
        return {
            "error": float(gaps.sum() / max(number.sum(), 1)),
            "bins": [
                {"examples": int(n), "confidence": float(c / n), "accuracy": float(k / n)}
                for n, c, k in filled
            ],
        }

    def _by_slice(self) -> dict[str, dict[str, Any]]:
        return {
            name: {
                value: {
                    "examples": total[value],
                    "accuracy": ratio(correct[value], total[value]),
                    "interval": wilson_interval(correct[value], total[value]),
                }
                for value in sorted(total)
            }
            for name, (total, correct) in self._slices.items()
        }


def count_confusion(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Returns the number of examples by true and predicted class id, int64 [classes, classes]."""
    counts = np.zeros([classes, classes], np.int64)
    np.add.at(counts, (true, predicted), 1)
    return counts


def ratio(part: int, whole: int) -> float:
    """Returns part / whole, and 0 if whole is 0."""
    return part / whole if whole else 0.0


def class_metrics(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns precision, recall and F1, float [classes] each, of counts [true, predicted].

    A quotient with denominator 0 is 0.
    """
    correct = np.diagonal(confusion).astype(float)
    predicted, true = confusion.sum(axis=0), confusion.sum(axis=1)
    with np.errstate(invalid="ignore"):
        quotients = [correct / predicted, correct / true, 2 * correct / (predicted + true)]
    precision, recall, f1 = (np.nan_to_num(quotient) for quotient in quotients)
    return precision, recall, f1


def macro_metrics(confusion: np.ndarray) -> dict[str, float]:
    """Returns the means over the classes of precision, recall and F1."""
    names = ("precision", "recall", "f1")
    return {n: float(v.mean()) for n, v in zip(names, class_metrics(confusion), strict=True)}


def macro_interval(confusion: np.ndarray, name: str) -> tuple[float, float]:
    """Returns the 95 % interval of a macro mean: the wider of bootstrap's and Wilson's at each end.

    If all of a few examples are correct, so is every bootstrap sample; Wilson's is wider then.
    """
    n = int(confusion.sum())
    wide = wilson_interval(round(macro_metrics(confusion)[name] * n), n)
    low, high = bootstrap_interval(confusion, name)
    return min(low, wide[0]), max(high, wide[1])


def bootstrap_interval(confusion: np.ndarray, name: str) -> tuple[float, float]:
    """Returns the 95 % percentile interval of a macro mean, from 2,000 bootstrap samples."""
    n = int(confusion.sum())
    if not n:
        return 0.0, 1.0
    generator, shares = np.random.default_rng(0), confusion.ravel() / n
    values = [
        macro_metrics(generator.multinomial(n, shares).reshape(confusion.shape))[name]
        for _ in range(_BOOTSTRAP_DRAWS)
    ]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
