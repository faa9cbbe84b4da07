"""Watches a training: tells of it, keeps the best weights and its state, and stops it."""

import logging
import math
import time
from dataclasses import asdict

import numpy as np
import tensorflow as tf

from components.trainer.settings import TrainerSettings
from components.trainer.state import TrainingState
from components.trainer.training_report import TrainingReport
from data.common.formatting import format_duration

progress = logging.getLogger("flowers.progress")

# How often news of a step is given, in seconds: reading the loss makes an accelerator wait.
_NEWS = 1.0


class TrainingMonitor(tf.keras.callbacks.Callback):
    """Reports steps and epochs, saves the state after each epoch, and ends what leads nowhere."""

    def __init__(self, report: TrainingReport, state: TrainingState, trainer: TrainerSettings):
        """Fills `report` as the training goes on.

        Args:
          report: its counts are set; epochs that it has were done before.
          state: where the training is saved; what it holds was restored.
          trainer: its settings.
        """
        super().__init__()
        self.report, self.state, self.trainer = report, state, trainer
        self.batch_size = trainer.batch_size * report.replicas
        self.steps = report.train_examples // self.batch_size
        self.best_weights: list[np.ndarray] = state.best_weights
        # Steps of the epoch that `fit` begins with that were done before.
        self._before = state.steps
        self._began = self._told = time.perf_counter()
        # How many steps of the training were done when the clock began: at the end of the first.
        self._done_before = -1

    def early(self) -> bool:
        """Returns whether it is time to stop, because no epoch was better for so long."""
        patience = self.trainer.early_stopping
        return patience is not None and len(self.report.epochs) - self.report.best_epoch >= patience

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Notes where it is."""
        self._epoch = epoch
        self._epoch_started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Tells now and then how the epoch is going.

        Raises:
          FloatingPointError: the loss is no number any more.
        """
        now = time.perf_counter()
        step = self._before + batch + 1
        if self._done_before < 0:
            self.report.first_step_seconds = now - self._began
            self._began, self._done_before = now, self._epoch * self.steps + step
        if now - self._told < _NEWS and step < self.steps:
            return
        self._told = now
        values = logs or {}
        self._check_loss(values["loss"], step)
        if step < self.steps:
            self._tell(logging.DEBUG, step, values, self._speed(batch + 1, now))

    def on_test_begin(self, logs: object = None) -> None:
        """Stops the clock of the epoch's training."""
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Notes, saves and tells what the epoch came to."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        # The loss is divided by the batches' size, which those that fill up the last one add to.
        examples = self.report.eval_examples
        values["val_loss"] *= math.ceil(examples / self.batch_size) * self.batch_size / examples
        speed = self._speed(self.steps - self._before, self._trained)
        self._before = 0
        self._note(epoch, values, speed)
        self.save(steps=0)
        self._tell(logging.INFO, self.steps, values, speed)
        if self.early():
            self.model.stop_training = True
            progress.info("stopped early: no better epoch since epoch %d", self.report.best_epoch)

    def save(self, steps: int) -> None:
        """Saves the state; `steps` are done of the epoch that is going on."""
        self.state.save(asdict(self.report), self.best_weights, steps)

    def _note(self, epoch: int, values: dict[str, float], speed: float) -> None:
        report = self.report
        best = report.epochs[report.best_epoch - 1] if report.best_epoch else None
        rate = self._learning_rate()
        report.epochs.append({**values, "learning_rate": rate, "images_per_second": speed})
        report.images_per_second = max(report.images_per_second, speed)
        # Among epochs of equal accuracy, which small eval splits have, the lower loss is better.
        if best is None or _score(values) > _score(best):
            self.best_weights = self.model.get_weights()
            report.best_epoch, report.eval_accuracy = epoch + 1, values["val_accuracy"]

    def _check_loss(self, loss: float, step: int) -> None:
        if math.isfinite(loss):
            return
        rate = self._learning_rate()
        raise FloatingPointError(
            f"the loss is {loss} by step {step} of epoch {self._epoch + 1}, at a learning rate of "
            f"{rate:.2g}: lower trainer.learning_rate.peak, or ramp up longer"
        )

    def _learning_rate(self) -> float:
        """Returns that of the last step; under a strategy it is a variable on each replica."""
        return float(tf.keras.backend.get_value(self.model.optimizer.learning_rate))

    def _speed(self, steps: int, until: float) -> float:
        return steps * self.batch_size / (until - self._epoch_started)

    def _tell(self, level: int, step: int, values: dict[str, float], speed: float) -> None:
        done, total = self._epoch * self.steps + step, self.trainer.epochs * self.steps
        passed = time.perf_counter() - self._began
        left = passed / max(done - self._done_before, 1) * (total - done)
        words = [f"loss {values['loss']:.3f}", f"accuracy {values['accuracy']:.3f}"]
        if "val_accuracy" in values:
            words.append(f"eval accuracy {values['val_accuracy']:.3f}")
        progress.log(
            level,
            "epoch %d/%d: %s, %.0f images/s, %s left",
            self._epoch + 1, self.trainer.epochs, ", ".join(words), speed, format_duration(left),
            extra={"fraction": done / total},
        )  # fmt: skip


def _score(epoch: dict[str, float]) -> tuple[float, float]:
    return epoch["val_accuracy"], -epoch["val_loss"]
