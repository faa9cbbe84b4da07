"""The networks, one module each; a training imports only the module of its own network."""

import importlib

import tensorflow as tf

from components.trainer.settings import ModelSettings


def build_model(settings: ModelSettings, image_size: int, classes: int) -> tf.keras.Model:
    """Returns a new network, built by the function in the module that `settings.name` names.

    The import is lazy so that a changed network does not change the code fingerprint of the others.

    Args:
      settings: The section `model` of the settings.
      image_size: Side of the square images in pixels.
      classes: Number of classes.

    Returns:
      A model from float32 `[batch, image_size, image_size, 3]` in [0, 1] to probabilities, float32
      `[batch, classes]`.

    Raises:
      ValueError: The network does not support the image size, or the weights do not fit.
    """
    module = importlib.import_module(f"{__name__}.{settings.name}")
    model: tf.keras.Model = getattr(module, settings.name)(settings, image_size, classes)
    return model
