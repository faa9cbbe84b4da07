"""The networks, one module each; a training imports only the module of its own network."""

import importlib

import tensorflow as tf

from components.trainer.settings import ModelSettings


def build_model(settings: ModelSettings, image_size: int, classes: int) -> tf.keras.Model:
    """Builds the network that `settings.name` names, by the function of that name in its module.

    The import is lazy so that a changed network does not change the code fingerprint of the others.

    Args:
      settings: Name, initial weights and `frozen`; a network without pretrained weights uses only
        the name.
      image_size: Side of the square images in pixels.
      classes: Number of classes.

    Returns:
      A model from the pixels, uint8 [batch, image_size, image_size, 3], to probabilities, float32
      [batch, classes].

    Raises:
      ValueError: The network does not support the image size, or the weights do not fit.
    """
    module = importlib.import_module(f"{__name__}.{settings.name}")
    model: tf.keras.Model = getattr(module, settings.name)(settings, image_size, classes)
    return model
