"""SqueezeNet, as Google's codelab "Modern convnets" builds it."""

from functools import partial

import tensorflow as tf

from components.trainer.devices import several_replicas
from components.trainer.models.classifier import Classifier, pixels, probabilities
from components.trainer.settings import ModelSettings

_layers = tf.keras.layers

# (squeeze, expand) filters of the fire modules of each stage; pooling between two stages halves the
# image.
STAGES = (((24, 48),), ((48, 96),), ((64, 128),), ((48, 96),), ((24, 48),))
STEM_FILTERS = 32

_conv = partial(_layers.Conv2D, padding="same", activation="relu")


def squeezenet(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """Builds SqueezeNet with BatchNormalization: 120,613 parameters for 5 classes.

    Paper: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB
    model size", 2016, https://arxiv.org/abs/1602.07360.
    """
    image, x = pixels(image_size)
    x = _norm()(_conv(STEM_FILTERS, 3)(x))
    for index, fires in enumerate(STAGES):
        if index:
            x = _layers.MaxPooling2D(2)(x)
        for squeeze, expand in fires:
            x = _fire(x, squeeze, expand)
    x = _layers.GlobalAveragePooling2D()(x)
    return Classifier(image, probabilities(x, classes), name="squeezenet")


def _fire(x: tf.Tensor, squeeze: int, expand: int) -> tf.Tensor:
    """Applies a fire module: a 1x1 convolution, then 1x1 and 3x3 convolutions in parallel."""
    x = _norm()(_conv(squeeze, 1)(x))
    expanded = [_norm()(_conv(expand // 2, kernel)(x)) for kernel in (1, 3)]
    return _layers.Concatenate()(expanded)


def _norm() -> tf.keras.layers.Layer:
    # Keras's default momentum of 0.99 is too slow for the few steps of a small data set.
    return _layers.BatchNormalization(momentum=0.9, synchronized=several_replicas())
