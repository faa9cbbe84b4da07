"""Image operations in TensorFlow: decode, centre crop, resize, and a compact exact encoding."""

import tensorflow as tf


def decode_rgb(encoded: tf.Tensor) -> tf.Tensor:
    """Returns the pixels of one JPEG, PNG, BMP or GIF (its first frame): uint8 [height, width, 3].

    Args:
      encoded: string scalar, the bytes of the file.

    Raises:
      tf.errors.InvalidArgumentError: the bytes are no such image.
    """
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    image.set_shape([None, None, 3])
    return image


def centre_crop(image: tf.Tensor) -> tf.Tensor:
    """Returns the largest square in the middle: [height, width, 3] to [side, side, 3]."""
    shape = tf.shape(image)
    side = tf.minimum(shape[0], shape[1])
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    return tf.image.crop_to_bounding_box(image, top, left, side, side)


def resize(image: tf.Tensor, size: int) -> tf.Tensor:
    """Returns uint8 [size, size, 3]: bilinear, antialiased where it shrinks, rounded."""
    resized = tf.image.resize(image, [size, size], antialias=True)
    pixels = tf.cast(tf.round(tf.clip_by_value(resized, 0.0, 255.0)), tf.uint8)
    return tf.ensure_shape(pixels, [size, size, 3])


def encode_pixels(image: tf.Tensor) -> tf.Tensor:
    """Returns a uint8 image as a string scalar: exact, and the cheapest to write and to read."""
    return tf.io.serialize_tensor(image)


def decode_pixels(encoded: tf.Tensor, size: int) -> tf.Tensor:
    """Returns what `encode_pixels` was given: uint8 [size, size, 3]."""
    return tf.ensure_shape(tf.io.parse_tensor(encoded, tf.uint8), [size, size, 3])


def to_float(image: tf.Tensor) -> tf.Tensor:
    """Returns float32 in [0, 1] of the same shape, from uint8: what a model takes."""
    return tf.cast(image, tf.float32) / 255.0
