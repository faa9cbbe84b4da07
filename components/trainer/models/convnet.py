"""The plain convolutional network of Google's codelab."""

from functools import partial

import tensorflow as tf

from components.trainer.models.classifier import Classifier, pixels, probabilities
from components.trainer.settings import ModelSettings

# Filters of the 3x3 convolutions of each stage; pooling between two stages halves the image.
STAGES = ((16, 30), (60,), (90,), (110,), (130,))
# Filters of the 1x1 convolution before the last layer.
_LAST_FILTERS = 40

_conv = partial(tf.keras.layers.Conv2D, padding="same", activation="relu")


def convnet(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """Builds seven convolutions without normalization: 293,233 parameters for 5 classes.

    Source: the codelab "Keras and modern convnets, on TPUs", "Your first convnet".
    """
    image, x = pixels(image_size)
    for index, stage in enumerate(STAGES):
        if index:
            x = tf.keras.layers.MaxPooling2D(2)(x)
        for filters in stage:
            x = _conv(filters, 3)(x)
    x = tf.keras.layers.GlobalAveragePooling2D()(_conv(_LAST_FILTERS, 1)(x))
    return Classifier(image, probabilities(x, classes), name="convnet")
