"""The dense network of Google's codelab, its baseline."""

import tensorflow as tf

from components.trainer.models.classifier import Classifier, pixels, probabilities
from components.trainer.settings import ModelSettings

_HIDDEN = 128


def dense(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """Builds one hidden layer of 128 units: 1,573,637 parameters for 5 classes at 64 px.

    Source: the codelab "Keras and modern convnets, on TPUs", its first model with a hidden layer.
    """
    image, x = pixels(image_size)
    x = tf.keras.layers.Flatten()(x)
    x = tf.keras.layers.Dense(_HIDDEN, activation="relu")(x)
    return Classifier(image, probabilities(x, classes), name="dense")
