"""A plain convolutional network: the codelab's, before SqueezeNet."""

from functools import partial

import tensorflow as tf

from components.trainer.models.classifier import Classifier, probabilities
from components.trainer.settings import ModelSettings

# Filters of each 3x3 convolution; a pooling that halves the image lies between the stages.
STAGES = ((16, 30), (60,), (90,), (110,), (130,))
# A 1x1 convolution before the last layer has fewer.
_LAST_FILTERS = 40

_conv = partial(tf.keras.layers.Conv2D, padding="same", activation="relu")


def convnet(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """Seven convolutions and no normalisation: 293,233 parameters for 5 classes.

    Source: the codelab "Keras and modern convnets, on TPUs", "Your first convnet".

    Args:
      settings: not used.
      image_size: side of the square image in pixels.
      classes: number of classes.

    Returns:
      A model from float32 [batch, image_size, image_size, 3] in [0, 1] to float32 [batch, classes].
    """
    image = x = tf.keras.Input([image_size, image_size, 3])
    for index, stage in enumerate(STAGES):
        if index:
            x = tf.keras.layers.MaxPooling2D(2)(x)
        for filters in stage:
            x = _conv(filters, 3)(x)
    x = tf.keras.layers.GlobalAveragePooling2D()(_conv(_LAST_FILTERS, 1)(x))
    return Classifier(image, probabilities(x, classes), name="convnet")
