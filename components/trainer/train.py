"""Training: builds the network, fits it, and keeps the epoch that did best on the eval split."""

import functools
import logging
import math
from collections.abc import Sequence

import tensorflow as tf

from components.trainer.devices import describe, make_strategy, precision, worker_folder
from components.trainer.input import Images, evaluation_batches, training_batches
from components.trainer.learning_rate import RampHoldDecay
from components.trainer.models import build_model
from components.trainer.settings import TrainerSettings, TrainingSettings, WarmStart
from components.trainer.state import TrainingState
from components.trainer.training_monitor import TrainingMonitor
from components.trainer.training_report import TrainingReport
from components.trainer.warm_start import earlier_weights, transfer_weights
from data.common.errors import UsageError

progress = logging.getLogger("flowers.progress")


def check(options: TrainingSettings, start: WarmStart | None = None) -> None:
    """Builds the strategy and the network, so that what is missing is known before any work.

    Args:
      options: the settings.
      start: the model with whose weights it is to begin: they are loaded, too.

    Raises:
      UsageError: the devices are not there, or the network can't be built as it is asked for.
    """
    strategy = make_strategy(options.trainer.strategy)
    try:
        if start:
            earlier_weights(options, start)
        with strategy.scope():
            network = options.model.bare if start else options.model
            build_model(network, options.image_size, classes=2)
    except Exception as error:
        # Keras raises a bare Exception where it can't fetch weights.
        cause = " ".join(str(error).split())
        begin = f" with the weights of version {start.version}" if start else ""
        raise UsageError(
            f"settings model.* and transform.image_size ({options.image_size}): "
            f"{options.model.name} can't be built{begin}: {cause}"
        ) from error


def train(
    options: TrainingSettings,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    class_names: Sequence[str],
    state_folder: str,
    log_folder: str = "",
    num_steps: int | None = None,
    start: WarmStart | None = None,
) -> tuple[tf.keras.Model, TrainingReport]:
    """Trains a network on transformed records; its weights are those of the best epoch on eval.

    Args:
      options: the settings.
      train_files: globs of the records to learn from.
      eval_files: globs of the records to choose the epoch on.
      class_names: in the order of their ids.
      state_folder: where the state is kept after each epoch; if there is one, it goes on from it.
      log_folder: for TensorBoard; empty for none.
      num_steps: ends with the epoch in which so many are done; None: after `trainer.epochs`.
      start: the model with whose weights it begins; None: with those of `model.weights`.

    Returns:
      The network, outside the strategy and in float32, and what there is to tell.

    Raises:
      UsageError: the devices that were asked for are not there.
      ValueError: a split has too few examples.
      FloatingPointError: the loss is no number any more.
    """
    trainer = options.trainer
    tf.keras.utils.set_random_seed(trainer.seed)
    strategy = make_strategy(trainer.strategy)
    replicas = strategy.num_replicas_in_sync
    images = Images(train_files, options.image_size)
    held_out = Images(eval_files, options.image_size)
    _check_counts(images.count, held_out.count, trainer.batch_size * replicas)
    steps = images.count // (trainer.batch_size * replicas)
    if num_steps:
        trainer = trainer.model_copy(update={"epochs": math.ceil(num_steps / steps)})
    report = TrainingReport(
        describe(strategy), state_folder, replicas, images.count, held_out.count
    )
    # Outside the strategy, which would place them on its devices.
    earlier = earlier_weights(options, start) if start else []
    with strategy.scope(), precision(trainer.precision):
        network = options.model.bare if start else options.model
        model = build_model(network, options.image_size, len(class_names))
        if start:
            transfer_weights(model, earlier, start.class_names, class_names)
        _compile(model, RampHoldDecay(trainer.learning_rate, steps, replicas), trainer)
        state = TrainingState(worker_folder(strategy, state_folder), model)
    watch = TrainingMonitor(report, state, trainer)
    _resume(watch, options.model.name)
    _fit(model, images, held_out, watch, log_folder)
    return _outside(options, len(class_names), watch), report


def _check_counts(train: int, held_out: int, batch_size: int) -> None:
    if train < batch_size:
        raise ValueError(
            f"the train split has {train} examples, fewer than one batch of {batch_size}: "
            "lower trainer.batch_size or bring more data"
        )
    if not held_out:
        raise ValueError("the eval split is empty, so no epoch can be chosen on it")


def _compile(model: tf.keras.Model, rate: RampHoldDecay, trainer: TrainerSettings) -> None:
    model.compile(
        optimizer=tf.keras.optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",
        # Weighted: what fills up the last batch of eval does not count.
        weighted_metrics=["accuracy"],
        steps_per_execution=trainer.steps_per_execution,
    )


def _resume(watch: TrainingMonitor, network: str) -> None:
    """Takes over what was done before, and says what is going on."""
    report, state, epochs, steps = watch.report, watch.state, watch.trainer.epochs, watch.steps
    told = f"{network} on {report.device}"
    if not state.report:
        progress.info(
            "training %s: %d examples, %d epochs of %d steps",
            told, report.train_examples, epochs, steps,
        )  # fmt: skip
        return
    for name in ("images_per_second", "best_epoch", "eval_accuracy", "resumed_at", "epochs"):
        setattr(report, name, state.report[name])
    done = len(report.epochs)
    report.resumed_at.append(done + 1)
    progress.info(
        "going on with %s: %d of %d epochs are done, and %d of %d steps of the next",
        told, done, epochs, state.steps, steps,
    )  # fmt: skip


def _fit(
    model: tf.keras.Model, images: Images, held_out: Images, watch: TrainingMonitor, log_folder: str
) -> None:
    """Trains what is left; on a signal to end, the state is saved first."""
    trainer, callbacks = watch.trainer, [watch]
    if log_folder:
        board = tf.keras.callbacks.TensorBoard(log_folder, write_graph=False, profile_batch=0)
        callbacks.append(board)
    fit = functools.partial(
        model.fit,
        validation_data=evaluation_batches(held_out, watch.batch_size),
        validation_steps=math.ceil(held_out.count / watch.batch_size),
        callbacks=callbacks,
        verbose=0,
    )
    batches = functools.partial(training_batches, images, trainer, watch.batch_size)
    epoch, skip = len(watch.report.epochs), watch.state.steps
    try:
        if skip:
            left = watch.steps - skip
            fit(batches(epoch, skip), steps_per_epoch=left, initial_epoch=epoch, epochs=epoch + 1)
            epoch += 1
        if epoch < trainer.epochs and not watch.early():
            fit(batches(epoch), steps_per_epoch=watch.steps, initial_epoch=epoch,
                epochs=trainer.epochs)  # fmt: skip
    except (KeyboardInterrupt, SystemExit):
        _save_within_epoch(model, watch)
        raise


def _save_within_epoch(model: tf.keras.Model, watch: TrainingMonitor) -> None:
    """Saves the state between two steps.

    Not where the optimizer does not count each step, as float16's does, nor after the last step of
    an epoch, whose end is still to come: then the state of the last epoch's end stays.
    """
    steps = int(model.optimizer.iterations) - len(watch.report.epochs) * watch.steps
    if watch.trainer.precision != "mixed_float16" and 0 < steps < watch.steps:
        watch.save(steps)
        progress.info("saved after step %d of %d of the epoch", steps, watch.steps)


def _outside(options: TrainingSettings, classes: int, watch: TrainingMonitor) -> tf.keras.Model:
    """Returns the network with the best weights: outside the strategy, and in float32."""
    model = build_model(options.model.bare, options.image_size, classes)
    model.set_weights(watch.best_weights)
    return model
