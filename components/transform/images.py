"""Image operations in TensorFlow: center crop, resize, and a lossless encoding of pixels."""

import tensorflow as tf


def center_crop(image: tf.Tensor) -> tf.Tensor:
    """Returns the largest centered square: [height, width, 3] to [side, side, 3]."""
    shape = tf.shape(image)
    side = tf.minimum(shape[0], shape[1])
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    return tf.image.crop_to_bounding_box(image, top, left, side, side)


def resize(image: tf.Tensor, size: int) -> tf.Tensor:
    """Resizes to uint8 [size, size, 3]: bilinear, antialiased when shrinking, rounded."""
    resized = tf.image.resize(image, [size, size], antialias=True)
    return tf.ensure_shape(round_pixels(resized), [size, size, 3])


def round_pixels(image: tf.Tensor) -> tf.Tensor:
    """Converts float32 in [0, 255] to uint8 of the same shape; what is outside is clipped."""
    return tf.cast(tf.round(tf.clip_by_value(image, 0.0, 255.0)), tf.uint8)


def encode_pixels(image: tf.Tensor) -> tf.Tensor:
    """Encodes a uint8 image as a string scalar: lossless, and the fastest to write and read."""
    return tf.io.serialize_tensor(image)


def decode_pixels(encoded: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes the result of `encode_pixels` to uint8 [size, size, 3]."""
    return tf.ensure_shape(tf.io.parse_tensor(encoded, tf.uint8), [size, size, 3])


def to_float(image: tf.Tensor) -> tf.Tensor:
    """Converts uint8 to float32 in [0, 1] of the same shape."""
    return tf.cast(image, tf.float32) / 255.0
