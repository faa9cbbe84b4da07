"""Compiles a network for its training: mixing, loss, optimizer, metrics and moving average."""

import numpy as np
import tensorflow as tf

from components.trainer.input import TrainingPlan
from components.trainer.learning_rate import RampHoldDecay
from components.trainer.loss import TrainingTargets, balanced_weights, cross_entropy
from components.trainer.models import build_model
from components.trainer.models.classifier import Classifier
from components.trainer.moving_average import MovingAverage
from components.trainer.optimizer import AdamW, rate_factors
from components.trainer.settings import TrainerSettings, TrainingSettings
from components.transform.augmentation.mixing import Mixing


def compile_model(
    model: Classifier,
    settings: TrainingSettings,
    plan: TrainingPlan,
    class_counts: np.ndarray,
    pretrained: bool,
) -> None:
    """Compiles a network with its initial weights, in the scope and precision of the training.

    Args:
      model: The network.
      settings: Settings of the training.
      plan: Size of the training.
      class_counts: Number of training examples of each class: integers [classes].
      pretrained: Whether the network starts from trained weights; only then its body has a smaller
        rate.
    """
    trainer, classes = settings.trainer, len(class_counts)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    rate = RampHoldDecay(trainer.learning_rate, plan.steps_per_epoch, replicas, plan.epochs)
    factors = rate_factors(model, settings.model.body_factor if pretrained else 1.0)
    if trainer.augment.batch_ops:
        model.mixing = Mixing(trainer.augment.batch_ops, trainer.seed, classes)
    model.targets = _targets(trainer, class_counts)
    if trainer.ema is not None:
        model.average = MovingAverage(
            model,
            lambda: build_model(settings.model.bare, settings.image_size, classes),
            trainer.ema,
        )
    model.compile(
        optimizer=AdamW(rate, factors, trainer.weight_decay, trainer.clip_norm),
        loss=cross_entropy,
        # Weighted, so that the padding of the last eval batch does not count. Given by its name,
        # its variables would be created in the first step, which would then be traced twice.
        weighted_metrics=[tf.keras.metrics.SparseCategoricalAccuracy("accuracy")],
        steps_per_execution=trainer.steps_per_execution,
    )


def _targets(trainer: TrainerSettings, class_counts: np.ndarray) -> TrainingTargets | None:
    """Returns the targets of a training step; None if they are the labels."""
    balanced = trainer.class_weights == "balanced"
    if not balanced and not trainer.label_smoothing:
        return None
    weights = balanced_weights(class_counts) if balanced else None
    return TrainingTargets(len(class_counts), trainer.label_smoothing, weights)
