"""Plots for the history."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from components.trainer.training_report import TrainingReport
from data.common.progress import progress

# With more classes the cells of a confusion matrix are too small for numbers.
_MAX_NUMBERED_CLASSES = 40


def literal_text() -> Any:
    """Returns a context in which matplotlib draws texts as they are, also `$x$`."""
    return matplotlib.rc_context({"text.parse_math": False, "text.usetex": False})


def _dispensable(draw: Callable[[Any, Path], None]) -> Callable[[Any, Path], None]:
    """Makes a function that draws a file report an error instead of raising it.

    A plot comes after hours of other work, which it must not end.
    """

    @functools.wraps(draw)
    def guarded(content: Any, file: Path) -> None:
        try:
            with literal_text():
                draw(content, file)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
            progress.info("%s is missing, because it cannot be drawn: %s", file.name, problem)

    return guarded


@_dispensable
def draw_training(training: TrainingReport, file: Path) -> None:
    """Writes a PNG with accuracy, loss and learning rate by epoch; the best epoch is marked.

    Args:
      training: The training report.
      file: The PNG file.
    """
    epochs = range(1, len(training.epochs) + 1)
    # Not pyplot, which keeps figures and looks for a display.
    figure = Figure(figsize=(12, 3.5), layout="constrained")
    panels = {
        "accuracy": {"train": "accuracy", "eval": "val_accuracy"},
        "loss": {"train": "loss", "eval": "val_loss"},
        "learning rate": {"last step": "learning_rate"},
    }
    for axes, (title, lines) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for label, key in lines.items():
            axes.plot(epochs, [epoch[key] for epoch in training.epochs], ".-", label=label)
        axes.axvline(training.best_epoch, color="grey", linestyle=":", label="best epoch")
        axes.set(title=title, xlabel="epoch")
        axes.legend()
    figure.savefig(file, dpi=100)


@_dispensable
def draw_confusion(metrics: dict[str, Any], file: Path) -> None:
    """Writes a PNG with the confusion matrix of the test images.

    Args:
      metrics: The metrics, see `components.gate.metrics.Tally.metrics`.
      file: The PNG file.
    """
    names, counts = metrics["class_names"], np.array(metrics["confusion"])
    side = max(4.0, min(0.6 * len(names) + 2, 30))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(title="test images", xlabel="predicted", ylabel="true")
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    if len(names) <= _MAX_NUMBERED_CLASSES:
        for (row, column), number in np.ndenumerate(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(number), ha="center", va="center", color=colour)
    figure.savefig(file, dpi=100)


@_dispensable
def draw_calibration(metrics: dict[str, Any], file: Path) -> None:
    """Writes a PNG with a reliability diagram: accuracy and number of images by confidence.

    Args:
      metrics: The metrics, see `components.gate.metrics.Tally.metrics`.
      file: The PNG file.
    """
    bins, error = metrics["calibration"]["bins"], metrics["calibration"]["error"]
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], ":", color="grey")
    x, y = [b["confidence"] for b in bins], [b["accuracy"] for b in bins]
    axes.plot(x, y, "o-")
    for b in bins:
        axes.annotate(str(b["examples"]), (b["confidence"], b["accuracy"]), xytext=(4, -10),
                      textcoords="offset points")  # fmt: skip
    axes.set(title=f"calibration error {error:.3f}", xlabel="confidence", ylabel="accuracy",
             xlim=(0, 1), ylim=(0, 1.02))  # fmt: skip
    figure.savefig(file, dpi=100)
