"""How fast this machine trains a network: measured, for an estimate of the time of a run."""

import time

import tensorflow as tf

from components.trainer.devices import make_strategy, precision
from components.trainer.models import build_model
from components.trainer.settings import TrainingSettings

_STEPS = 3


def measure_speed(options: TrainingSettings, classes: int) -> float:
    """Returns training images a second, over a few steps on noise after a first one.

    Raises:
      UsageError: the devices that were asked for are not there.
      ValueError: the network takes no such image.
    """
    strategy = make_strategy(options.trainer.strategy)
    with strategy.scope(), precision(options.trainer.precision):
        model = build_model(options.model.bare, options.image_size, classes)
        model.compile("adam", "sparse_categorical_crossentropy")
    batch = options.trainer.batch_size * strategy.num_replicas_in_sync
    images = tf.random.uniform([batch, options.image_size, options.image_size, 3])
    labels = tf.zeros([batch], tf.int64)
    model.train_on_batch(images, labels)
    started = time.perf_counter()
    for _ in range(_STEPS):
        model.train_on_batch(images, labels)
    return _STEPS * batch / (time.perf_counter() - started)
