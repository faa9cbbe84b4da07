"""Changes of the quality of an image: blur, JPEG, sharpness, and a part that is hidden."""

import math

import tensorflow as tf

from components.transform.augmentation.floats import as_float
from components.transform.images import round_pixels


def blur(image: tf.Tensor, sigma: tf.Tensor, most: float) -> tf.Tensor:
    """Blurs an image by a Gaussian; its border is mirrored.

    Args:
      image: float32 [height, width, 3].
      sigma: Standard deviation in pixels, float32 scalar; 0 changes nothing.
      most: The largest value of sigma, which determines the size of the kernel.
    """
    radius = min(math.ceil(3 * most), *image.shape[:2])
    distances = tf.range(-radius, radius + 1, dtype=tf.float32)
    # Not 0, by which nothing can be divided; the kernel is exactly 1 in the middle then.
    weights = tf.exp(-0.5 * tf.square(distances / tf.maximum(sigma, 1e-3)))
    kernel = tf.tile(tf.reshape(weights / tf.reduce_sum(weights), [-1, 1, 1, 1]), [1, 1, 3, 1])
    border = [[0, 0], [radius, radius], [radius, radius], [0, 0]]
    blurred = tf.pad(image[None], border, "SYMMETRIC")
    for each in (kernel, tf.transpose(kernel, [1, 0, 2, 3])):
        blurred = tf.nn.depthwise_conv2d(blurred, each, [1, 1, 1, 1], "VALID")
    return tf.ensure_shape(blurred[0], image.shape)


def compress(image: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    """Encodes float32 pixels as a JPEG of a quality from 1 to 100, and decodes it."""
    pixels = round_pixels(image * 255.0)
    encoded = tf.raw_ops.EncodeJpegVariableQuality(images=pixels, quality=quality)
    return as_float(tf.ensure_shape(tf.io.decode_jpeg(encoded, channels=3), image.shape))


def sharpen(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies the distance of each pixel from its smoothed surroundings; 1 changes nothing."""
    weights = tf.constant([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    kernel = tf.tile(weights[:, :, None, None], [1, 1, 3, 1])
    padded = tf.pad(image[None], [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    smooth = tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")[0]
    return smooth + factor * (image - smooth)


def erase(image: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Fills a part of a float32 image with its mean color.

    Args:
      image: float32 [height, width, 3].
      box: top, left, bottom and right, float32 [4], as shares of the sides; empty if top is bottom.
    """
    height, width = image.shape[:2]
    y, x = (tf.range(size, dtype=tf.float32) / size for size in (height, width))
    rows, columns = (y >= box[0]) & (y < box[2]), (x >= box[1]) & (x < box[3])
    hidden = (rows[:, None] & columns)[..., None]
    return tf.where(hidden, tf.reduce_mean(image, [0, 1]), image)
