"""Training: builds the network, fits it, and keeps the epoch that did best on the eval split."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from components.trainer.input import (
    available_cores,
    count_examples,
    evaluation_batches,
    read_pixels,
    training_batches,
)
from components.trainer.models import build_model
from components.trainer.watch import EpochWatch, TrainingReport

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
    watch = EpochWatch(report, steps, options.epochs, options.batch_size)
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
