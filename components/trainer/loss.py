"""The loss: cross-entropy with the ids of classes or soft labels."""

import tensorflow as tf


def cross_entropy(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Returns the cross-entropy of each example: float32 [batch].

    Args:
      labels: Ids of classes, integers [batch] or [batch, 1]; or soft labels, the probability of
        each class, float32 [batch, classes].
      probabilities: The output of a network, float32 [batch, classes].
    """
    if labels.dtype.is_integer:
        return tf.keras.losses.sparse_categorical_crossentropy(labels, probabilities)
    return tf.keras.losses.categorical_crossentropy(labels, probabilities)
