"""The learning rate by step: ramp-up, hold, exponential or cosine decay."""

import math

import tensorflow as tf

from components.trainer.settings import LearningRateSettings


class RampHoldDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from start to peak, holds, then decays towards end; by step.

    The exponential decay is the codelab's. The cosine decay reaches end with the last epoch
    (Loshchilov and Hutter, "SGDR", 2016, https://arxiv.org/abs/1608.03983); if ramp-up and hold
    take all epochs, there is no decay.

    The rate is multiplied by the number of replicas, which average the gradients of as many batches
    (Goyal et al., "Accurate, large minibatch SGD", 2017, https://arxiv.org/abs/1706.02677).
    """

    def __init__(
        self, settings: LearningRateSettings, steps_per_epoch: int, replicas: int, epochs: int
    ):
        """Takes `trainer.learning_rate` and the size of the training."""
        self._settings, self._steps, self._replicas = settings, steps_per_epoch, replicas
        self._epochs = epochs

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the learning rate of a step, counted from 0: float32 scalar."""
        settings = self._settings
        epoch = tf.cast(step, tf.float32) / self._steps
        ramp = settings.start + (settings.peak - settings.start) * tf.math.divide_no_nan(
            epoch, settings.ramp_epochs
        )
        decay_epochs = tf.maximum(epoch - settings.ramp_epochs - settings.hold_epochs, 0.0)
        decayed = settings.end + (settings.peak - settings.end) * self._remaining(decay_epochs)
        rate = tf.where(epoch < settings.ramp_epochs, ramp, decayed)
        return tf.cast(rate * self._replicas, tf.float32)

    def _remaining(self, decay_epochs: tf.Tensor) -> tf.Tensor:
        """Returns the part of the difference of peak and end that is left, from 1 down to 0."""
        settings = self._settings
        if settings.schedule == "exponential":
            return settings.decay**decay_epochs
        duration = self._epochs - settings.ramp_epochs - settings.hold_epochs
        done = tf.minimum(tf.math.divide_no_nan(decay_epochs, max(duration, 0.0)), 1.0)
        return (1 + tf.cos(math.pi * done)) / 2

    def get_config(self) -> dict[str, object]:
        """See LearningRateSchedule."""
        values = self._settings.model_dump()
        plan = {"steps_per_epoch": self._steps, "epochs": self._epochs}
        return {**values, **plan, "replicas": self._replicas}
