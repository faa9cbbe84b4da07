"""Training: builds the network, fits it, and keeps the epoch that did best on the eval split."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from components.trainer.input import (
    available_cores,
    count_examples,
    evaluation_batches,
    read_pixels,
    training_batches,
)
from components.trainer.models import build_model

progress = logging.getLogger("flowers.progress")


@dataclass(frozen=True)
class TrainingOptions:
    """What decides the outcome of a training: the settings `model`, `trainer`, the image size."""

    model: str
    image_size: int
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    flip_left_right: bool
    saturation: tuple[float, float] | None


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


def train(
    options: TrainingOptions,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    classes: int,
) -> tuple[tf.keras.Model, TrainingReport]:
    """Trains a network on transformed records; its weights are those of the best epoch on eval.

    Args:
      options: see TrainingOptions.
      train_files: globs of the records to learn from.
      eval_files: globs of the records to choose the epoch on.
      classes: number of classes.

    Raises:
      ValueError: a split has too few examples.
    """
    tf.keras.utils.set_random_seed(options.seed)
    examples = read_pixels(train_files, options.image_size)
    held_out = read_pixels(eval_files, options.image_size)
    report = TrainingReport(describe_device(), count_examples(examples), count_examples(held_out))
    _check_counts(report, options.batch_size)
    progress.info(
        "training %s on %s: %d examples, %d epochs",
        options.model,
        report.device,
        report.train_examples,
        options.epochs,
    )
    model = build_model(options.model, options.image_size, classes)
    steps = report.train_examples // options.batch_size
    decay = tf.keras.optimizers.schedules.CosineDecay(options.learning_rate, steps * options.epochs)
    model.compile(
        optimizer=tf.keras.optimizers.Adam(decay),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    batches = training_batches(
        examples,
        report.train_examples,
        epochs=options.epochs,
        batch_size=options.batch_size,
        seed=options.seed,
        flip_left_right=options.flip_left_right,
        saturation=options.saturation,
    )
    watch = BestEpoch(report, options)
    model.fit(
        batches,
        epochs=options.epochs,
        steps_per_epoch=steps,
        validation_data=evaluation_batches(held_out, options.batch_size),
        callbacks=[watch],
        verbose=0,
    )
    model.set_weights(watch.best_weights)
    return model, report


def describe_device() -> str:
    """Returns what TensorFlow found to train on, in words."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        names = {tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus}
        return f"{len(gpus)} GPU ({', '.join(sorted(str(name) for name in names))})"
    return f"CPU ({available_cores()} cores)"


def _check_counts(report: TrainingReport, batch_size: int) -> None:
    if report.train_examples < batch_size:
        raise ValueError(
            f"the train split has {report.train_examples} examples, fewer than one batch: "
            f"lower trainer.batch_size (now {batch_size}) or bring more data"
        )
    if not report.eval_examples:
        raise ValueError("the eval split is empty, so no epoch can be chosen on it")


class BestEpoch(tf.keras.callbacks.Callback):
    """Reports each epoch, and keeps the weights of the best one."""

    def __init__(self, report: TrainingReport, options: TrainingOptions):
        super().__init__()
        self._report = report
        self._epochs = options.epochs
        self._images = report.train_examples // options.batch_size * options.batch_size
        self._best = (-1.0, 0.0)
        self.best_weights: list[Any] = []

    def on_train_begin(self, logs: object = None) -> None:
        self._started = self._epoch_started = time.perf_counter()
        self._training_seconds = 0.0

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if not self._report.first_step_seconds:
            self._report.first_step_seconds = time.perf_counter() - self._started

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._epoch_started = time.perf_counter()

    def on_test_begin(self, logs: object = None) -> None:
        self._training_seconds = time.perf_counter() - self._epoch_started

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        speed = self._images / self._training_seconds
        self._report.epochs.append(values | {"images_per_second": speed})
        self._report.images_per_second = max(self._report.images_per_second, speed)
        self._keep_best(epoch, values)
        self._tell(epoch, values, speed)

    def _keep_best(self, epoch: int, values: dict[str, float]) -> None:
        # Among epochs of equal accuracy, which small eval splits have, the lower loss is better.
        score = (values["val_accuracy"], -values["val_loss"])
        if score > self._best:
            self._best = score
            self.best_weights = self.model.get_weights()
            self._report.best_epoch = epoch + 1
            self._report.eval_accuracy = values["val_accuracy"]

    def _tell(self, epoch: int, values: dict[str, float], speed: float) -> None:
        done = epoch + 1
        left = (time.perf_counter() - self._started) / done * (self._epochs - done)
        progress.info(
            "epoch %d/%d: loss %.3f, accuracy %.3f, eval accuracy %.3f, %.0f images/s, %.0f s left",
            done, self._epochs, values["loss"], values["accuracy"], values["val_accuracy"],
            speed, left,
        )  # fmt: skip
