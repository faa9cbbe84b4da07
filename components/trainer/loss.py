"""The loss of a training: cross-entropy with class ids, or with the share of each class."""

import tensorflow as tf


class CrossEntropy(tf.keras.losses.Loss):
    """Cross-entropy of labels of either kind.

    Labels are class ids, int [batch] or [batch, 1], or the share of each class, float32
    [batch, classes], as MixUp and CutMix make them; probabilities are float32 [batch, classes].
    """

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Returns the loss of each example, float32 [batch]."""
        if y_true.dtype.is_floating:
            return tf.keras.losses.categorical_crossentropy(y_true, y_pred)
        return tf.keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
