"""The accuracy as a Keras metric for TFMA, which creates it by its name in each Beam worker."""

from typing import Any

import tensorflow as tf


class Accuracy(tf.keras.metrics.SparseCategoricalAccuracy):
    """Keras's accuracy for class ids, not converted by AutoGraph.

    With TensorFlow 2.16 the conversion takes a second or two; 2.21 does not convert it by itself.
    """

    @tf.autograph.experimental.do_not_convert
    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """See tf.keras.metrics.Metric."""
        return super().update_state(*args, **kwargs)

    @tf.autograph.experimental.do_not_convert
    def result(self) -> tf.Tensor:
        """See tf.keras.metrics.Metric."""
        return super().result()
