"""The Keras model class that all networks share."""

import tensorflow as tf


class Classifier(tf.keras.Model):
    """A Keras model whose steps AutoGraph leaves alone.

    In TensorFlow 2.16 AutoGraph converts tf_keras's own source, so that the first step of
    SqueezeNet took 25 s; without the conversion it takes 5 s, and the graph is the same.
    """

    @tf.autograph.experimental.do_not_convert
    def train_step(self, data: object) -> dict[str, tf.Tensor]:
        """See tf.keras.Model."""
        return super().train_step(data)

    @tf.autograph.experimental.do_not_convert
    def test_step(self, data: object) -> dict[str, tf.Tensor]:
        """See tf.keras.Model."""
        return super().test_step(data)
