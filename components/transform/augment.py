"""Augmentation, for training examples only: stateless, so that a seed repeats it exactly."""

import tensorflow as tf


def augment(
    image: tf.Tensor, seed: tf.Tensor, flip_left_right: bool, saturation: tuple[float, float] | None
) -> tf.Tensor:
    """Returns the image, changed at random: the codelab's flip and saturation.

    Args:
      image: float32 [height, width, 3] in [0, 1].
      seed: int64 [2]; another seed draws another change.
      flip_left_right: whether half of the images are mirrored.
      saturation: lowest and highest factor on the saturation, or None to leave it.
    """
    if flip_left_right:
        image = tf.image.stateless_random_flip_left_right(image, seed)
    if saturation is not None:
        image = tf.image.stateless_random_saturation(image, *saturation, seed=seed + 1)
    return image
