"""The data type of an image between two ops: rounding waits until the last one."""

import tensorflow as tf

from components.transform.images import to_float


def as_float(image: tf.Tensor) -> tf.Tensor:
    """Returns a uint8 image as float32 in [0, 1], and a float32 image as it is."""
    return to_float(image) if image.dtype == tf.uint8 else image
