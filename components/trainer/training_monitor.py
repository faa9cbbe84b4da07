"""The Keras callback of a training: reports it, saves its state and stops it."""

import logging
import math
import time
from collections.abc import Callable

import tensorflow as tf

from components.trainer.input import TrainingPlan
from components.trainer.state import TrainingState
from components.trainer.time_left import TimeLeft
from components.trainer.training_report import TrainingReport
from data.common.formatting import format_duration
from data.common.progress import progress

# Seconds between two reports of a step: reading the loss makes an accelerator wait.
_REPORT_SECONDS = 1.0


class TrainingMonitor(tf.keras.callbacks.Callback):
    """Reports steps and epochs, saves the state after each epoch, and stops a hopeless training."""

    def __init__(
        self,
        plan: TrainingPlan,
        state: TrainingState,
        patience: int | None,
        on_epoch: Callable[[TrainingReport], None] | None = None,
    ):
        """Takes the plan, the restored state, which it updates, and `trainer.early_stopping`.

        `on_epoch` is called after each epoch, when its state is saved.
        """
        super().__init__()
        self._on_epoch = on_epoch
        # Otherwise Keras would read the metrics of each step, and wait for the device.
        self._supports_tf_logs = True
        self._plan, self._state, self._patience = plan, state, patience
        # Finished steps of the first epoch of this `fit`.
        self._steps_before = state.steps
        self._started = self._reported = time.perf_counter()
        self._first_step_done = False
        self._time_left = TimeLeft(plan.epochs * plan.steps_per_epoch)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Starts the clock of the epoch."""
        self._epoch, self._epoch_started = epoch, time.perf_counter()
        if self._first_step_done:
            self._time_left.begin(self._done(self._steps_before), self._epoch_started)

    def on_train_batch_end(self, batch: int, logs: dict[str, tf.Tensor] | None = None) -> None:
        """Reports the progress of the epoch once a second.

        Raises:
          FloatingPointError: The loss is NaN or infinite.
        """
        step, steps = self._steps_before + batch + 1, self._plan.steps_per_epoch
        is_due = time.perf_counter() - self._reported >= _REPORT_SECONDS
        if self._first_step_done and not is_due and step < steps:
            return
        values = _read(logs)
        # The step has ended only now.
        self._reported = now = time.perf_counter()
        self._check_loss(values["loss"], step)
        if not self._first_step_done:
            self._first_step_done = True
            self._state.report.first_step_seconds = now - self._started
            self._time_left.begin(self._done(step), now)
        if is_due and step < steps:
            self._report(logging.DEBUG, step, values, self._images_per_second(batch + 1, now))

    def on_test_begin(self, logs: object = None) -> None:
        """Stops the clock of the epoch."""
        self._trained = time.perf_counter()
        self._time_left.end(self._done(self._plan.steps_per_epoch), self._trained)

    def on_epoch_end(self, epoch: int, logs: dict[str, tf.Tensor] | None = None) -> None:
        """Adds the epoch to the report, saves the state, and stops the training if it is time."""
        report, plan = self._state.report, self._plan
        values = _read(logs)
        # Keras divides the loss by the size of all batches, including the padding of the last one.
        batches = math.ceil(report.eval_examples / plan.batch_size)
        values["val_loss"] *= batches * plan.batch_size / report.eval_examples
        speed = self._images_per_second(plan.steps_per_epoch - self._steps_before, self._trained)
        self._steps_before = 0
        self._record(epoch, values, speed)
        self._state.save()
        self._time_left.evaluated(time.perf_counter() - self._trained)
        self._report(logging.INFO, plan.steps_per_epoch, values, speed)
        if report.out_of_patience(self._patience):
            self.model.stop_training = True
            progress.info("stopped early: no better epoch since epoch %d", report.best_epoch)
        if self._on_epoch:
            self._on_epoch(report)

    def _record(self, epoch: int, values: dict[str, float], speed: float) -> None:
        report = self._state.report
        best = report.epochs[report.best_epoch - 1] if report.best_epoch else None
        measured = {"learning_rate": self._learning_rate(), "images_per_second": speed}
        report.epochs.append({**values, **measured})
        report.last_epochs_accuracy = report.mean_of_last_epochs()
        report.images_per_second = max(report.images_per_second, speed)
        # On a small eval split, epochs often have equal accuracy; then the lower loss is better.
        if best is None or _score(values) > _score(best):
            self._state.best_weights = self.model.validated.get_weights()
            report.best_epoch, report.eval_accuracy = epoch + 1, values["val_accuracy"]

    def _check_loss(self, loss: float, step: int) -> None:
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss} at step {step} of epoch {self._epoch + 1}, with a learning "
                f"rate of {self._learning_rate():.2g}: lower trainer.learning_rate.peak, or use a "
                "longer ramp-up"
            )

    def _learning_rate(self) -> float:
        """Returns the last step's learning rate; under a strategy it is a variable per replica."""
        return float(tf.keras.backend.get_value(self.model.optimizer.learning_rate))

    def _images_per_second(self, steps: int, end: float) -> float:
        return steps * self._plan.batch_size / (end - self._epoch_started)

    def _done(self, step: int) -> int:
        """Returns the finished steps of the training after `step` steps of the current epoch."""
        return self._epoch * self._plan.steps_per_epoch + step

    def _report(self, level: int, step: int, values: dict[str, float], speed: float) -> None:
        done, epochs = self._done(step), self._plan.epochs
        evaluations = epochs - len(self._state.report.epochs)
        left = self._time_left.seconds(done, time.perf_counter(), evaluations)
        parts = [f"loss {values['loss']:.3f}", f"accuracy {values['accuracy']:.3f}"]
        if "val_accuracy" in values:
            parts.append(f"eval accuracy {values['val_accuracy']:.3f}")
        parts.append(f"{speed:.0f} images/s")
        if left is not None:
            parts.append(f"{format_duration(left)} left")
        progress.log(
            level,
            "epoch %d/%d: %s",
            self._epoch + 1, epochs, ", ".join(parts),
            extra={"fraction": done / (epochs * self._plan.steps_per_epoch)},
        )  # fmt: skip


def _read(logs: dict[str, tf.Tensor] | None) -> dict[str, float]:
    """Returns metrics as numbers, which makes the process wait for the device."""
    return {name: float(value) for name, value in (logs or {}).items()}


def _score(epoch: dict[str, float]) -> tuple[float, float]:
    return epoch["val_accuracy"], -epoch["val_loss"]
