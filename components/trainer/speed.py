"""Measures the training speed of a network on this machine, to estimate the time of a run."""

import time

import tensorflow as tf

from components.trainer.devices import make_strategy, precision
from components.trainer.models import build_model
from components.trainer.settings import TrainingSettings

_STEPS = 3


def measure_speed(settings: TrainingSettings, classes: int) -> float:
    """Returns training images per second on random images, without the first step.

    Raises:
      UsageError: The requested devices are not available.
      ValueError: The network does not support the image size.
    """
    strategy = make_strategy(settings.trainer.strategy)
    with strategy.scope(), precision(settings.trainer.precision):
        model = build_model(settings.model.bare, settings.image_size, classes)
        model.compile("adam", "sparse_categorical_crossentropy")
    batch = settings.trainer.batch_size * strategy.num_replicas_in_sync
    shape = [batch, settings.image_size, settings.image_size, 3]
    images = tf.cast(tf.random.uniform(shape, maxval=256, dtype=tf.int32), tf.uint8)
    labels = tf.zeros([batch], tf.int64)
    model.train_on_batch(images, labels)
    started = time.perf_counter()
    for _ in range(_STEPS):
        model.train_on_batch(images, labels)
    return _STEPS * batch / (time.perf_counter() - started)
