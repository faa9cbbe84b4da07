"""Training: builds the network, fits it and keeps the weights of the best epoch on eval."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from components.trainer.compilation import compile_model
from components.trainer.devices import describe, make_strategy, precision
from components.trainer.input import (
    Images,
    TrainingPlan,
    evaluation_batches,
    make_plan,
    training_batches,
)
from components.trainer.models import build_model
from components.trainer.models.classifier import Classifier
from components.trainer.settings import NO_WEIGHTS, TrainerSettings, TrainingSettings, WarmStart
from components.trainer.state import TrainingState
from components.trainer.training_monitor import TrainingMonitor
from components.trainer.training_report import TrainingReport
from components.trainer.warm_start import earlier_weights, transfer_weights
from components.trainer.workers import several_workers
from data.common.errors import UsageError
from data.common.progress import progress
from data.ingestion_counts import check_examples


def check(settings: TrainingSettings, start: WarmStart | None = None) -> None:
    """Builds the strategy and the network, so that a problem is found before any work is done.

    The weights of a warm start are loaded too.

    Raises:
      UsageError: The devices are not available, or the network cannot be built.
    """
    strategy = make_strategy(settings.trainer.strategy)
    try:
        if start:
            earlier_weights(settings, start)
        with strategy.scope():
            network = settings.model.bare if start else settings.model
            build_model(network, settings.image_size, classes=2)
    except Exception as error:
        # Keras raises a bare Exception if it cannot download weights.
        cause = " ".join(str(error).split())
        weights = f" with the weights of version {start.version}" if start else ""
        raise UsageError(
            f"settings model.* and transform.image_size ({settings.image_size}): "
            f"{settings.model.name} cannot be built{weights}: {cause}"
        ) from error


def train(
    settings: TrainingSettings,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    class_names: Sequence[str],
    state_folder: str,
    log_folder: str = "",
    num_steps: int | None = None,
    start: WarmStart | None = None,
    expected_examples: Mapping[str, int] | None = None,
    on_epoch: Callable[[TrainingReport], None] | None = None,
) -> tuple[tf.keras.Model, TrainingReport]:
    """Trains a network on transformed records.

    Args:
      settings: Settings of the training.
      train_files: Glob patterns of Transform's records to train on.
      eval_files: Glob patterns of those that the best epoch is chosen on.
      class_names: Class names in the order of their ids.
      state_folder: Folder of the training state, saved after each epoch and restored from.
      log_folder: Folder of TensorBoard's logs; empty for none.
      num_steps: Number of steps after whose epoch the training ends; None for `trainer.epochs`.
      start: The model of a warm start; None to start from `model.weights`.
      expected_examples: Number of examples in `train` and `eval`; None skips the check.
      on_epoch: Called after each epoch, when its state is saved. It may raise an exception, which
        ends the training and is raised here; a later call resumes it.

    Returns:
      The network with the weights of the best epoch, in float32 and outside the strategy, and the
      report.

    Raises:
      UsageError: The requested devices are not available.
      CountMismatch: A split does not have the expected number of examples.
      ValueError: A split has too few examples.
      FloatingPointError: The loss is NaN or infinite.
    """
    tf.keras.utils.set_random_seed(settings.trainer.seed)
    strategy = make_strategy(settings.trainer.strategy)
    replicas = strategy.num_replicas_in_sync
    train_images = Images(train_files, settings.image_size)
    eval_images = Images(eval_files, settings.image_size)
    if expected_examples:
        seen = {"train": train_images.count, "eval": eval_images.count}
        check_examples("Trainer", seen, expected_examples)
    if not eval_images.count:
        raise ValueError("the eval split is empty, so no epoch can be chosen on it")
    plan = make_plan(settings.trainer, replicas, train_images.count, num_steps)
    report = TrainingReport(
        describe(strategy), state_folder, replicas, train_images.count, eval_images.count
    )
    counts = np.bincount(train_images.labels, minlength=len(class_names))
    model = _compiled_model(settings, strategy, plan, class_names, counts, start)
    with strategy.scope():
        state = TrainingState(state_folder, model, report)
    _report_start(settings.model.name, state, plan)
    monitor = TrainingMonitor(plan, state, settings.trainer.early_stopping, on_epoch)
    _fit(model, train_images, eval_images, settings.trainer, plan, state, monitor, log_folder)
    trained = build_model(settings.model.bare, settings.image_size, len(class_names))
    trained.set_weights(state.best_weights)
    return trained, report


def _compiled_model(
    settings: TrainingSettings,
    strategy: tf.distribute.Strategy,
    plan: TrainingPlan,
    class_names: Sequence[str],
    class_counts: np.ndarray,
    start: WarmStart | None,
) -> Classifier:
    network = settings.model.bare if start else settings.model
    # Loaded outside the strategy, which would place them on its devices.
    earlier = earlier_weights(settings, start) if start else []
    with strategy.scope(), precision(settings.trainer.precision):
        model = build_model(network, settings.image_size, len(class_names))
        if start:
            transfer_weights(model, earlier, start.class_names, class_names)
        pretrained = start is not None or network.weights != NO_WEIGHTS
        compile_model(model, settings, plan, class_counts, pretrained)
    return model


def _report_start(network: str, state: TrainingState, plan: TrainingPlan) -> None:
    """Logs what starts or resumes; the report lists the epochs at which a training resumed."""
    report, steps = state.report, plan.steps_per_epoch
    name = f"{network} on {report.device}"
    if not state.restored:
        progress.info(
            "training %s: %d examples, %d epochs of %d steps",
            name, report.train_examples, plan.epochs, steps,
        )  # fmt: skip
        return
    done = len(report.epochs)
    report.resumed_at.append(done + 1)
    progress.info(
        "resuming %s: %d of %d epochs done, and %d of %d steps of the next epoch",
        name, done, plan.epochs, state.steps, steps,
    )  # fmt: skip


def _fit(
    model: tf.keras.Model,
    train_images: Images,
    eval_images: Images,
    trainer: TrainerSettings,
    plan: TrainingPlan,
    state: TrainingState,
    monitor: TrainingMonitor,
    log_folder: str,
) -> None:
    """Trains the remaining epochs, first the rest of an interrupted one."""
    callbacks: list[tf.keras.callbacks.Callback] = [monitor]
    if log_folder:
        board = tf.keras.callbacks.TensorBoard(log_folder, write_graph=False, profile_batch=0)
        callbacks.append(board)
    fit = functools.partial(
        model.fit,
        validation_data=evaluation_batches(eval_images, plan.batch_size),
        validation_steps=math.ceil(eval_images.count / plan.batch_size),
        callbacks=callbacks,
        verbose=0,
    )
    batches = functools.partial(training_batches, train_images, trainer, plan)
    epoch, done = len(state.report.epochs), state.steps
    try:
        if done:
            left = plan.steps_per_epoch - done
            fit(batches(epoch, done), steps_per_epoch=left, initial_epoch=epoch, epochs=epoch + 1)
            epoch += 1
        if epoch < plan.epochs and not state.report.out_of_patience(trainer.early_stopping):
            fit(batches(epoch), steps_per_epoch=plan.steps_per_epoch, initial_epoch=epoch,
                epochs=plan.epochs)  # fmt: skip
    except (KeyboardInterrupt, SystemExit):
        _save_within_epoch(model, trainer.precision, plan, state)
        raise


def _save_within_epoch(
    model: tf.keras.Model, precision: str, plan: TrainingPlan, state: TrainingState
) -> None:
    """Saves the state between two steps.

    The state of the last epoch's end is kept instead if the optimizer does not count every step,
    as with mixed_float16; if the last step of an epoch is done but the epoch is not finished; or if
    there are several workers, which may be at different steps and could only save together.
    """
    with model.distribute_strategy.scope():
        alone = not several_workers()
    steps = int(model.optimizer.iterations) - len(state.report.epochs) * plan.steps_per_epoch
    if alone and precision != "mixed_float16" and 0 < steps < plan.steps_per_epoch:
        state.save(steps)
        progress.info("saved after step %d of %d of the epoch", steps, plan.steps_per_epoch)
