"""RandAugment: random changes of one magnitude, one after the other."""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from components.transform.augmentation.geometry import affine, rotate
from components.transform.augmentation.quality import sharpen


def rand_augment(image: tf.Tensor, random: tf.Tensor, changes: int, magnitude: float) -> tf.Tensor:
    """Applies random changes to an image, see `ops.RandAugment`.

    Args:
      image: float32 in [0, 1], [height, width, 3].
      random: Random numbers from 0 up to 1, float32 [n], two for each change.
      changes: The number of changes.
      magnitude: From 0, which changes nothing, to 1.
    """
    for index in range(changes):
        image = tf.clip_by_value(image, 0.0, 1.0)
        which = tf.cast(random[2 * index] * len(_CHANGES), tf.int32)
        # Half of the changes go in the other direction.
        signed = tf.where(random[2 * index + 1] < 0.5, -magnitude, magnitude)
        image = tf.switch_case(which, [partial(change, image, signed) for change in _CHANGES])
    return image


def _identity(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return image


def _rotate(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return rotate(image, 30 * signed)


def _shear_x(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return affine(image, x_row=(1.0, 0.3 * signed))


def _shear_y(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return affine(image, y_row=(0.3 * signed, 1.0))


def _translate_x(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return affine(image, shift=(0.45 * signed, 0.0))


def _translate_y(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return affine(image, shift=(0.0, 0.45 * signed))


def _brightness(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return image * (1 + 0.9 * signed)


def _color(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    gray = tf.image.rgb_to_grayscale(image)
    return gray + (1 + 0.9 * signed) * (image - gray)


def _contrast(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    mean = tf.reduce_mean(tf.image.rgb_to_grayscale(image))
    return mean + (1 + 0.9 * signed) * (image - mean)


def _sharpness(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    return sharpen(image, 1 + 0.9 * signed)


def _posterize(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    """Keeps 8 to 4 bits of each channel."""
    step = 2.0 ** tf.floor(4 * tf.abs(signed))
    return tf.floor(tf.round(image * 255.0) / step) * step / 255.0


def _solarize(image: tf.Tensor, signed: tf.Tensor) -> tf.Tensor:
    """Inverts what is brighter than a threshold."""
    return tf.where(image > 1 - tf.abs(signed), 1 - image, image)


# The changes of the paper with a magnitude, and the ranges of its implementation.
_CHANGES: tuple[Callable[[tf.Tensor, tf.Tensor], tf.Tensor], ...] = (
    _identity,
    _rotate,
    _shear_x,
    _shear_y,
    _translate_x,
    _translate_y,
    _brightness,
    _color,
    _contrast,
    _sharpness,
    _posterize,
    _solarize,
)
