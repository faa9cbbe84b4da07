"""The result of an evaluation, as `evaluation.json` has it."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from components.intervals import wilson_interval
from data.common.formatting import format_list

FORMAT_VERSION = 1
# What is left out, in the folder of an evaluation.
LEFT_OUT_FILE = "left_out.csv"


class Accuracy(BaseModel):
    """An accuracy with its 95 % interval.

    Attributes:
      value: The accuracy.
      low, high: Its interval.
      n: Number of images.
    """

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, correct: int, n: int) -> "Accuracy":
        """Returns the accuracy of `correct` of `n` images."""
        low, high = wilson_interval(correct, n)
        return cls(value=correct / n if n else 0.0, low=low, high=high, n=n)

    def __str__(self) -> str:
        return f"accuracy {self.value:.3f} (95 % interval {self.low:.3f} to {self.high:.3f})"


class Evaluation(BaseModel):
    """What `flowers evaluate` found.

    Attributes:
      format_version: The version of this format.
      evaluation_id: The start in UTC to the second, with a number if that id was taken.
      started: The start, ISO 8601 with time zone.
      seconds: The seconds that it took.
      data: The location of the images.
      version: The version of the model; null if it was chosen by its run.
      run_id: The run that trained it; null if that is not in the history.
      digest: The digest of its files.
      class_names: The classes in the order of their ids.
      all: The accuracy on all images.
      unseen: The accuracy on the images that the model has not seen; null if it does not record
        which it has.
      left_out: Number of images that could not be used, by reason.
      target: The accuracy that must be reached; null if none was given.
      passed: Whether it was reached on the unseen images; null without a target.
    """

    format_version: int = FORMAT_VERSION
    evaluation_id: str
    started: str
    seconds: float = 0.0
    data: str
    version: int | None
    run_id: str | None
    digest: str
    class_names: list[str]
    all: Accuracy
    unseen: Accuracy | None
    left_out: dict[str, int] = {}
    target: float | None = None
    passed: bool | None = None

    @property
    def seen(self) -> int | None:
        """The number of images that the model has seen; None if that is not known."""
        return None if self.unseen is None else self.all.n - self.unseen.n

    @property
    def judged(self) -> Accuracy:
        """The accuracy that is compared with the target."""
        return self.unseen or self.all

    def format_lines(self) -> Iterator[str]:
        """Yields the lines of the result for the console."""
        yield f"{self.all} on {self.all.n} images"
        if self.unseen is None:
            yield "The model does not record which images it has seen; some may be among these."
        elif not self.unseen.n:
            yield "The model has seen all of them in its training: this says nothing about others."
        elif self.seen:
            yield (
                f"{self.seen} of them look like an image that the model has seen in its training; "
                f"on the other {self.unseen.n}: {self.unseen}"
            )
        else:
            yield "The model has seen none of them in its training."
        if self.target is not None:
            yield self._format_target(self.target)

    def _format_target(self, target: float) -> str:
        if not self.judged.n:
            return f"BELOW the target {target:.3f}: there is no image that it has not seen"
        word = "REACHES" if self.passed else "BELOW"
        return f"{word} the target {target:.3f}: {self.judged.value:.4f} on {self.judged.n} images"


def judge(accuracy: Accuracy, target: float | None) -> bool | None:
    """Returns whether an accuracy reaches a target; None without a target."""
    return None if target is None else bool(accuracy.n) and accuracy.value >= target


def format_recall(metrics: dict[str, Any]) -> str:
    """Returns the recall of each class as text, the lowest first.

    Args:
      metrics: See `components.gate.metrics.Tally.metrics`.
    """
    classes = [(values["recall"], name) for name, values in metrics["classes"].items()
               if values["examples"]]  # fmt: skip
    return f"recall: {format_list([f'{name} {recall:.2f}' for recall, name in sorted(classes)])}"
