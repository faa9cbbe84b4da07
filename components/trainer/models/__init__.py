"""The networks, one file each, and the registry that finds them by name."""

from collections.abc import Callable

import tensorflow as tf

from components.trainer.models.convnet import convnet
from components.trainer.models.dense import dense
from components.trainer.models.keras_application import keras_application
from components.trainer.models.squeezenet import squeezenet
from components.trainer.models.xception import xception
from components.trainer.settings import ModelSettings

# Each builder takes the settings `model`, the image side in pixels and the number of classes.
BUILDERS: dict[str, Callable[[ModelSettings, int, int], tf.keras.Model]] = {
    "dense": dense,
    "convnet": convnet,
    "squeezenet": squeezenet,
    "xception": xception,
    "keras_application": keras_application,
}


def build_model(settings: ModelSettings, image_size: int, classes: int) -> tf.keras.Model:
    """Returns a new network: float32 [batch, size, size, 3] in [0, 1] to probabilities [batch, n].

    Raises:
      ValueError: it takes no such size, or its weights don't fit.
    """
    return BUILDERS[settings.name](settings, image_size, classes)
