"""Augmentation of training images; stateless, so that a seed repeats it exactly."""

import tensorflow as tf


def augment(
    image: tf.Tensor, seed: tf.Tensor, flip_left_right: bool, saturation: tuple[float, float] | None
) -> tf.Tensor:
    """Returns a randomly flipped and saturated image, as in Google's codelab.

    Args:
      image: Image, float32 [height, width, 3] in [0, 1].
      seed: Seed of the random changes, int64 [2].
      flip_left_right: Whether to mirror half of the images.
      saturation: Lowest and highest factor of the saturation; None keeps it.
    """
    if flip_left_right:
        image = tf.image.stateless_random_flip_left_right(image, seed)
    if saturation is not None:
        image = tf.image.stateless_random_saturation(image, *saturation, seed=seed + 1)
    return image
