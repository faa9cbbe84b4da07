"""The optimizer: AdamW with clipped gradients, and a smaller rate for a pretrained body."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.trainer.models.classifier import Classifier


class AdamW(tf.keras.optimizers.Adam):
    """Adam with decoupled weight decay, in which a variable may have a smaller rate than others.

    In each step a variable w with the factor f becomes w - f * rate * (Adam's step + decay * w).
    The factor scales the update, because Adam ignores the scale of a gradient. Without decay and
    with factors of 1 the updates are exactly those of Adam.

    Papers: Kingma and Ba, "Adam", 2014, https://arxiv.org/abs/1412.6980; Loshchilov and Hutter,
    "Decoupled weight decay regularization", 2017, https://arxiv.org/abs/1711.05101.
    """

    def __init__(
        self,
        rate: tf.keras.optimizers.schedules.LearningRateSchedule,
        factors: Sequence[float],
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ):
        """Creates the optimizer of a model.

        Args:
          rate: The learning rate by step.
          factors: A factor of the rate for each trainable variable, in their order in the model.
          weight_decay: The decay; biases and BatchNormalization do not decay, see `decays`.
          clip_norm: The largest global norm of the gradients of a global batch; larger gradients
            are scaled down to it. None: no limit.
        """
        super().__init__(rate, global_clipnorm=clip_norm, name="AdamW")
        # An array, because a list would become part of the saved state.
        self._factors = np.asarray(factors, np.float32)
        # Keras's own weight decay would ignore the factors.
        self._decay = weight_decay

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable) -> None:
        """See tf.keras.optimizers.Optimizer."""
        factor = self._factors[self._index_dict[self._var_key(variable)]]
        before = tf.identity(variable)
        super().update_step(gradient, variable)
        if factor != 1:
            variable.assign(before + factor * (variable - before))
        if self._decay and decays(variable):
            variable.assign_sub(factor * self._decay * self.learning_rate * before)


def decays(variable: tf.Variable) -> bool:
    """Returns whether weight decay applies to a variable: to kernels, which have several axes.

    Biases, and gamma and beta of BatchNormalization, are vectors.
    """
    return variable.shape.rank > 1


def rate_factors(model: Classifier, body_factor: float) -> list[float]:
    """Returns the factor of each trainable variable: 1 for the last layer, or `body_factor`."""
    last = {id(variable) for variable in model.last_layer.weights}
    return [1.0 if id(v) in last else body_factor for v in model.trainable_variables]
