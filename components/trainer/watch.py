"""Watches a training: reports it, and keeps the weights of the epoch that was best on eval."""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from data.words import duration

progress = logging.getLogger("flowers.progress")

# How often news of a step is given, in seconds: reading the loss makes an accelerator wait.
_NEWS = 1.0


@dataclass
class TrainingReport:
    """What a training was: for the console and the history."""

    device: str
    train_examples: int
    eval_examples: int
    first_step_seconds: float = 0.0
    images_per_second: float = 0.0
    best_epoch: int = 0
    eval_accuracy: float = 0.0
    epochs: list[dict[str, float]] = field(default_factory=list)


class EpochWatch(tf.keras.callbacks.Callback):
    """Reports steps and epochs, and keeps the weights of the best epoch."""

    def __init__(self, report: TrainingReport, steps: int, epochs: int, batch_size: int):
        """Fills `report` as the training goes on.

        Args:
          report: its counts are set.
          steps: of an epoch.
          epochs: of the training.
          batch_size: examples a step.
        """
        super().__init__()
        self._report = report
        self._steps, self._epochs, self._batch_size = steps, epochs, batch_size
        self._epoch = 0
        self._best = (-1.0, 0.0)
        self.best_weights: list[Any] = []

    def on_train_begin(self, logs: object = None) -> None:
        """Starts the clock."""
        self._started = self._first_step_at = self._told = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Notes where it is."""
        self._epoch = epoch
        self._epoch_started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Tells now and then how the epoch is going."""
        now = time.perf_counter()
        if not self._report.first_step_seconds:
            self._first_step_at = now
            self._report.first_step_seconds = now - self._started
        if now - self._told >= _NEWS and batch + 1 < self._steps:
            self._told = now
            speed = (batch + 1) * self._batch_size / (now - self._epoch_started)
            self._tell(logging.DEBUG, batch + 1, logs or {}, speed)

    def on_test_begin(self, logs: object = None) -> None:
        """Stops the clock of the epoch's training."""
        self._training_seconds = time.perf_counter() - self._epoch_started

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Notes and tells what the epoch came to."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        speed = self._steps * self._batch_size / self._training_seconds
        self._report.epochs.append(values | {"images_per_second": speed})
        self._report.images_per_second = max(self._report.images_per_second, speed)
        self._keep_best(epoch, values)
        self._tell(logging.INFO, self._steps, values, speed)

    def _keep_best(self, epoch: int, values: dict[str, float]) -> None:
        # Among epochs of equal accuracy, which small eval splits have, the lower loss is better.
        score = (values["val_accuracy"], -values["val_loss"])
        if score > self._best:
            self._best = score
            self.best_weights = self.model.get_weights()
            self._report.best_epoch = epoch + 1
            self._report.eval_accuracy = values["val_accuracy"]

    def _tell(self, level: int, step: int, values: dict[str, float], speed: float) -> None:
        done = self._epoch * self._steps + step
        total = self._epochs * self._steps
        passed = time.perf_counter() - self._first_step_at
        left = passed / max(done - 1, 1) * (total - done)
        words = [f"loss {values['loss']:.3f}", f"accuracy {values['accuracy']:.3f}"]
        if "val_accuracy" in values:
            words.append(f"eval accuracy {values['val_accuracy']:.3f}")
        progress.log(
            level,
            "epoch %d/%d: %s, %.0f images/s, %s left",
            self._epoch + 1, self._epochs, ", ".join(words), speed, duration(left),
            extra={"fraction": done / total},
        )  # fmt: skip
