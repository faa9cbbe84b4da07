"""The ops on single images: each draws its parameters and changes an image with them."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from components.transform.augmentation import ops
from components.transform.augmentation.floats import as_float
from components.transform.augmentation.geometry import crop_and_enlarge, flip_left_right, rotate
from components.transform.augmentation.quality import blur, compress, erase
from components.transform.augmentation.rand_augment import rand_augment
from components.transform.images import round_pixels

# An op gets so many random numbers.
_DRAWS = 8
_STREAMS = {kind: number for number, kind in enumerate(ops.OPS.values())}


def augment(image: tf.Tensor, seed: tf.Tensor, image_ops: Sequence[ops.ImageOp]) -> tf.Tensor:
    """Returns a randomly changed image; the same for the same seed.

    An op draws the same random numbers whichever other ops there are.

    Args:
      image: Image, uint8 [height, width, 3] with a static shape.
      seed: Seed of the random changes, int64 [2].
      image_ops: The ops in their order.

    Returns:
      uint8 of the same shape, rounded: an accelerator gets a quarter of the bytes of float32.
    """
    for op in image_ops:
        # Up to 1, exclusive.
        random = tf.random.stateless_uniform([_DRAWS], seed + _STREAMS[type(op)])
        image = _CHANGES[type(op)](image, random, op)
    return image if image.dtype == tf.uint8 else round_pixels(image * 255.0)


def _flip_left_right(image: tf.Tensor, random: tf.Tensor, op: ops.FlipLeftRight) -> tf.Tensor:
    return flip_left_right(image, random[0] < op.probability)


def _saturation(image: tf.Tensor, random: tf.Tensor, op: ops.Saturation) -> tf.Tensor:
    return tf.image.adjust_saturation(as_float(image), _between(random[0], *op.factor))


def _random_resized_crop(
    image: tf.Tensor, random: tf.Tensor, op: ops.RandomResizedCrop
) -> tf.Tensor:
    area, aspect = _between(random[0], *op.area), _log_between(random[1], *op.aspect)
    return crop_and_enlarge(image, _box(area, aspect, random[2:4]))


def _rotation(image: tf.Tensor, random: tf.Tensor, op: ops.Rotation) -> tf.Tensor:
    return rotate(image, _between(random[0], -op.degrees, op.degrees))


def _brightness(image: tf.Tensor, random: tf.Tensor, op: ops.Brightness) -> tf.Tensor:
    return as_float(image) + _between(random[0], -op.delta, op.delta)


def _contrast(image: tf.Tensor, random: tf.Tensor, op: ops.Contrast) -> tf.Tensor:
    return tf.image.adjust_contrast(as_float(image), _between(random[0], *op.factor))


def _hue(image: tf.Tensor, random: tf.Tensor, op: ops.Hue) -> tf.Tensor:
    return tf.image.adjust_hue(as_float(image), _between(random[0], -op.delta, op.delta))


def _blur(image: tf.Tensor, random: tf.Tensor, op: ops.Blur) -> tf.Tensor:
    most = op.sigma / 100 * min(image.shape[:2])
    return blur(as_float(image), random[0] * most, most)


def _jpeg(image: tf.Tensor, random: tf.Tensor, op: ops.Jpeg) -> tf.Tensor:
    low, high = op.quality
    return compress(as_float(image), low + tf.cast(random[0] * (high - low + 1), tf.int32))


def _random_erasing(image: tf.Tensor, random: tf.Tensor, op: ops.RandomErasing) -> tf.Tensor:
    area = tf.where(random[0] < op.probability, _between(random[1], *op.area), 0.0)
    # Between 3:10 and 10:3, as in the paper.
    return erase(as_float(image), _box(area, _log_between(random[2], 0.3, 1 / 0.3), random[3:5]))


def _rand_augment(image: tf.Tensor, random: tf.Tensor, op: ops.RandAugment) -> tf.Tensor:
    return rand_augment(as_float(image), random, op.changes, op.magnitude)


def _between(random: tf.Tensor, low: float, high: float) -> tf.Tensor:
    return random * (high - low) + low


def _log_between(random: tf.Tensor, low: float, high: float) -> tf.Tensor:
    return low * (high / low) ** random


def _box(area: tf.Tensor, aspect: tf.Tensor, position: tf.Tensor) -> tf.Tensor:
    """Returns top, left, bottom and right of a random part of a square, as shares of its side."""
    sides = tf.minimum(tf.sqrt(area * tf.stack([1 / aspect, aspect])), 1.0)
    start = position * (1 - sides)
    return tf.concat([start, start + sides], 0)


_CHANGES: dict[type[ops.Op], Callable[[tf.Tensor, tf.Tensor, Any], tf.Tensor]] = {
    ops.FlipLeftRight: _flip_left_right,
    ops.Saturation: _saturation,
    ops.RandomResizedCrop: _random_resized_crop,
    ops.Rotation: _rotation,
    ops.Brightness: _brightness,
    ops.Contrast: _contrast,
    ops.Hue: _hue,
    ops.Blur: _blur,
    ops.Jpeg: _jpeg,
    ops.RandomErasing: _random_erasing,
    ops.RandAugment: _rand_augment,
}
