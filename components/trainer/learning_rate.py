"""The learning rate by step: ramp-up, hold, exponential decay."""

import tensorflow as tf

from components.trainer.settings import LearningRateSettings


class RampHoldDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from start to peak, holds, then decays exponentially towards end; by step.

    The schedule is the codelab's. The rate is multiplied by the number of replicas, which average
    the gradients of as many batches (Goyal et al., "Accurate, large minibatch SGD", 2017,
    https://arxiv.org/abs/1706.02677).
    """

    def __init__(self, settings: LearningRateSettings, steps_per_epoch: int, replicas: int):
        self._settings, self._steps, self._replicas = settings, steps_per_epoch, replicas

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the learning rate of a step, counted from 0: float32 scalar."""
        settings = self._settings
        epoch = tf.cast(step, tf.float32) / self._steps
        ramp = settings.start + (settings.peak - settings.start) * tf.math.divide_no_nan(
            epoch, settings.ramp_epochs
        )
        decay_epochs = tf.maximum(epoch - settings.ramp_epochs - settings.hold_epochs, 0.0)
        decayed = settings.end + (settings.peak - settings.end) * settings.decay**decay_epochs
        rate = tf.where(epoch < settings.ramp_epochs, ramp, decayed)
        return tf.cast(rate * self._replicas, tf.float32)

    def get_config(self) -> dict[str, object]:
        """See LearningRateSchedule."""
        values = self._settings.model_dump()
        return {**values, "steps_per_epoch": self._steps, "replicas": self._replicas}
