"""The networks, one file each, and the registry that finds them by name."""

from collections.abc import Callable

import tensorflow as tf

from components.trainer.models.squeezenet import squeezenet

# Each builder takes the image side in pixels and the number of classes.
BUILDERS: dict[str, Callable[[int, int], tf.keras.Model]] = {"squeezenet": squeezenet}


def build_model(name: str, image_size: int, classes: int) -> tf.keras.Model:
    """Returns a new network: float32 [batch, size, size, 3] in [0, 1] to probabilities [batch, n].

    Raises:
      KeyError: `name` is not in the registry.
    """
    return BUILDERS[name](image_size, classes)
