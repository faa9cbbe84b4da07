"""Plots for the history."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from components.trainer.training_report import TrainingReport
from pipeline.reporting.pictures import save_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With more classes the cells of a confusion matrix are too small for numbers.
_MAX_NUMBERED_CLASSES = 40


def draw_training(training: TrainingReport, file: Path) -> str:
    """Writes a PNG with accuracy, loss and learning rate by epoch; the best epoch is marked.

    Args:
      training: The training report.
      file: The PNG file.

    Returns:
      Why the picture is missing, see `save_picture`; empty if it was drawn.
    """
    return save_picture(file, partial(_training, training))


def _training(training: TrainingReport, figure: "Figure") -> None:
    figure.set_size_inches(12, 3.5)
    epochs = range(1, len(training.epochs) + 1)
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


def draw_confusion(metrics: dict[str, Any], file: Path) -> str:
    """Writes a PNG with the confusion matrix of the test images.

    Args:
      metrics: The metrics, see `components.gate.metrics.Tally.metrics`.
      file: The PNG file.

    Returns:
      Why the picture is missing, see `save_picture`; empty if it was drawn.
    """
    return save_picture(file, partial(_confusion, metrics))


def _confusion(metrics: dict[str, Any], figure: "Figure") -> None:
    names, counts = metrics["class_names"], np.array(metrics["confusion"])
    side = max(4.0, min(0.6 * len(names) + 2, 30))
    figure.set_size_inches(side, side)
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


def draw_calibration(metrics: dict[str, Any], file: Path) -> str:
    """Writes a PNG with a reliability diagram: accuracy and number of images by confidence.

    Args:
      metrics: The metrics, see `components.gate.metrics.Tally.metrics`.
      file: The PNG file.

    Returns:
      Why the picture is missing, see `save_picture`; empty if it was drawn.
    """
    return save_picture(file, partial(_calibration, metrics))


def _calibration(metrics: dict[str, Any], figure: "Figure") -> None:
    figure.set_size_inches(5, 4)
    bins, error = metrics["calibration"]["bins"], metrics["calibration"]["error"]
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], ":", color="grey")
    x, y = [b["confidence"] for b in bins], [b["accuracy"] for b in bins]
    axes.plot(x, y, "o-")
    for b in bins:
        axes.annotate(str(b["examples"]), (b["confidence"], b["accuracy"]), xytext=(4, -10),
                      textcoords="offset points")  # fmt: skip
    axes.set(title=f"calibration error {error:.3f}", xlabel="confidence", ylabel="accuracy",
             xlim=(0, 1), ylim=(0, 1.02))  # fmt: skip
