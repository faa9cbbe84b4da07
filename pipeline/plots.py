"""Pictures for the history."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def draw_training(training: dict[str, Any], file: Path) -> None:
    """Writes a PNG: accuracy, loss and learning rate by epoch, the epoch that was kept marked.

    Args:
      training: see `components.trainer.watch.TrainingReport`.
      file: where to.
    """
    epochs = range(1, len(training["epochs"]) + 1)
    # A figure of its own: pyplot would keep it, and look for a display.
    figure = Figure(figsize=(12, 3.5), layout="constrained")
    panels = {
        "accuracy": {"train": "accuracy", "eval": "val_accuracy"},
        "loss": {"train": "loss", "eval": "val_loss"},
        "learning rate": {"last step": "learning_rate"},
    }
    for axes, (title, lines) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for label, key in lines.items():
            axes.plot(epochs, [epoch[key] for epoch in training["epochs"]], ".-", label=label)
        axes.axvline(training["best_epoch"], color="grey", linestyle=":", label="kept")
        axes.set(title=title, xlabel="epoch")
        axes.legend()
    figure.savefig(file, dpi=100)
