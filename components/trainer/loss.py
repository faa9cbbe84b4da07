"""The loss: cross-entropy with the ids of classes or soft labels, and the targets of training."""

import numpy as np
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


class TrainingTargets:
    """What a training step compares the outputs with: smoothed labels, weighted by their class.

    Validation uses the labels as they are, so that its loss compares trainings of any recipe.

    Paper: Szegedy et al., "Rethinking the Inception architecture for computer vision", 2015,
    https://arxiv.org/abs/1512.00567, section 7.
    """

    def __init__(self, classes: int, smoothing: float, class_weights: np.ndarray | None):
        """Takes the number of classes, `trainer.label_smoothing`, and a weight for each class."""
        self._classes, self._smoothing = classes, smoothing
        self._weights = class_weights

    def __call__(self, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Returns soft labels, float32 [batch, classes], and weights, float32 [batch] or None.

        Args:
          labels: As for `cross_entropy`. The weight of a soft label is the mean over its classes.
        """
        soft = tf.one_hot(labels, self._classes) if labels.dtype.is_integer else labels
        smooth = (1 - self._smoothing) * soft + self._smoothing / self._classes
        if self._weights is None:
            return smooth, None
        return smooth, tf.linalg.matvec(soft, self._weights)


def balanced_weights(counts: np.ndarray) -> np.ndarray:
    """Returns weights with which all classes count the same: float32 [classes].

    The mean over all examples is 1, so that the learning rate keeps its meaning.

    Args:
      counts: Number of training examples of each class; a class without any is left out.
    """
    present = np.count_nonzero(counts)
    return (counts.sum() / (present * np.maximum(counts, 1))).astype(np.float32)
