"""A dense network: the baseline of Google's codelab."""

import tensorflow as tf

from components.trainer.models.classifier import Classifier, probabilities
from components.trainer.settings import ModelSettings

_HIDDEN = 128


def dense(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """One hidden layer of 128 on the pixels: 1,573,637 parameters for 5 classes at 64 px.

    Source: the codelab "Keras and modern convnets, on TPUs", its first model with a hidden layer.

    Args:
      settings: not used.
      image_size: side of the square image in pixels.
      classes: number of classes.

    Returns:
      A model from float32 [batch, image_size, image_size, 3] in [0, 1] to float32 [batch, classes].
    """
    image = tf.keras.Input([image_size, image_size, 3])
    x = tf.keras.layers.Flatten()(image)
    x = tf.keras.layers.Dense(_HIDDEN, activation="relu")(x)
    return Classifier(image, probabilities(x, classes), name="dense")
