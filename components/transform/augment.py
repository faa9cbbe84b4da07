"""Augmentation of training images; stateless, so that a seed repeats it exactly."""

import tensorflow as tf

from components.transform.images import round_pixels, to_float


def augment(
    image: tf.Tensor, seed: tf.Tensor, flip_left_right: bool, saturation: tuple[float, float] | None
) -> tf.Tensor:
    """Returns a randomly flipped and saturated image, as in Google's codelab.

    Args:
      image: Image, uint8 [height, width, 3].
      seed: Seed of the random changes, int64 [2].
      flip_left_right: Whether to mirror half of the images.
      saturation: Lowest and highest factor of the saturation; None keeps it.

    Returns:
      uint8 of the same shape, rounded: an accelerator gets a quarter of the bytes of float32.
    """
    if flip_left_right:
        image = tf.image.stateless_random_flip_left_right(image, seed)
    if saturation is not None:
        changed = tf.image.stateless_random_saturation(to_float(image), *saturation, seed=seed + 1)
        image = round_pixels(changed * 255.0)
    return image
