"""The moving average of a network's weights, which is validated and exported in their place."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class MovingAverage:
    """A second network whose weights are the exponential moving average of those of the first.

    All weights are averaged, also the moving statistics of BatchNormalization, which fit no other
    weights than those that they were measured with. Because the average has a network of its own,
    it is validated without a moment in which it takes the place of the trained weights: tf_keras's
    `use_ema` overwrites them at the end of `fit`, from which no training could resume.

    In the step n the average moves by max(1 - decay, 9 / (10 + n)) of its distance to the weights.
    So it forgets the initial weights soon, as tf.train.ExponentialMovingAverage does.

    Paper: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    Attributes:
      network: The network with the average.
    """

    def __init__(self, trained: tf.keras.Model, build: Callable[[], tf.keras.Model], decay: float):
        """Starts with the current weights; called in the scope of the strategy of the training.

        Args:
          trained: The network that is trained.
          build: Builds the same network.
          decay: `trainer.ema`, between 0 and 1.
        """
        with tf.variable_creator_scope(_one_on_each_replica):
            self.network = build()
        self.network.set_weights(trained.get_weights())
        self._trained, self._decay = trained, decay

    def update(self, steps: tf.Tensor) -> None:
        """Moves the average towards the weights of the trained network.

        It is part of the training step. Each replica updates a copy of its own without asking the
        others, because the weights are the same on all of them.

        Args:
          steps: Number of finished steps, with the current one: integer scalar.
        """
        part = tf.maximum(1 - self._decay, 9 / (10 + tf.cast(steps, tf.float32)))
        for average, weight in zip(self.network.weights, self._trained.weights, strict=True):
            # A few preprocessing layers have a counter, which is constant.
            if average.dtype.is_floating:
                average.assign_sub(part * (average - weight))


def _one_on_each_replica(create: Callable[..., tf.Variable], **kwargs: Any) -> tf.Variable:
    """Creates a variable that a replica assigns to alone; the first one's value is saved."""
    placement = {
        "synchronization": tf.VariableSynchronization.ON_READ,
        "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
        "trainable": False,
    }
    return create(**{**kwargs, **placement})
