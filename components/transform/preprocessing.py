"""The `preprocessing_fn` of TensorFlow Transform, whose graph is part of the exported model."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from components.transform.decoding import decode_rgb
from components.transform.images import center_crop, encode_pixels, resize
from data.features import CLASS, IMAGE


def preprocess(encoded: tf.Tensor, size: int) -> tf.Tensor:
    """Returns the input pixels of a model for one encoded image: uint8 [size, size, 3]."""
    return resize(center_crop(decode_rgb(encoded)), size)


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, Any]:
    """Returns the transformed features of a batch.

    Args:
      inputs: `image`, string [batch], encoded images; `class`, int64 [batch].
      custom_config: `image_size`, the side of the square images in pixels.

    Returns:
      `image`, string [batch], see `encode_pixels`; `class`, int64 [batch].
    """
    encode = _encoder(custom_config["image_size"])
    images = tf.map_fn(encode, inputs[IMAGE], fn_output_signature=tf.string)
    return {IMAGE: images, CLASS: inputs[CLASS]}


@functools.cache
def _encoder(size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function that is traced once, although Transform traces its graph seven times."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
    def encode(encoded: tf.Tensor) -> tf.Tensor:
        return encode_pixels(preprocess(encoded, size))

    return encode
