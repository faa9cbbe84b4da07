"""The `preprocessing_fn` that TensorFlow Transform calls: its graph is the one that serves."""

from typing import Any

import tensorflow as tf

from components.transform.images import centre_crop, decode_rgb, encode_pixels, resize
from data.features import CLASS, IMAGE


def preprocess(encoded: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the pixels that a model sees of one encoded image: uint8 [size, size, 3]."""
    return resize(centre_crop(decode_rgb(encoded)), size)


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Returns the transformed features of a batch.

    Args:
      inputs: `image`, string [batch], encoded; `class`, int64 [batch].
      custom_config: `image_size`, the side of the square in pixels.

    Returns:
      `image`: string [batch], see `encode_pixels`; `class`: int64 [batch].
    """
    size = custom_config["image_size"]
    images = tf.map_fn(
        lambda encoded: encode_pixels(preprocess(encoded, size)),
        inputs[IMAGE],
        fn_output_signature=tf.string,
    )
    return {IMAGE: images, CLASS: inputs[CLASS]}
