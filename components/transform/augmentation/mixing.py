"""MixUp and CutMix: the images of a batch and their labels are mixed, in the training step."""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf
from scipy.special import betaincinv

from components.transform.augmentation.ops import BatchOp, CutMix
from components.transform.images import round_pixels

# Beta distributions are tables of so many quantiles: XLA has no op that draws from them.
_QUANTILES = 1024


@dataclass(frozen=True)
class Mixing:
    """Mixes batches; with MixUp and CutMix together, each takes about half of the images.

    Attributes:
      ops: MixUp, CutMix or both.
      seed: The seed of the training.
      classes: The number of classes.
    """

    ops: Sequence[BatchOp]
    seed: int
    classes: int

    def __call__(
        self, images: tf.Tensor, labels: tf.Tensor, step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Mixes each image with the one before it in the batch; the batch is shuffled already.

        Args:
          images: uint8 [batch, height, width, 3].
          labels: Class ids, int [batch].
          step: Chooses the random numbers, int64 scalar; different in each step and replica.

        Returns:
          uint8 of the same shape, rounded; and the share of each class, float32 [batch, classes].
        """
        seed = tf.stack([tf.constant(self.seed, tf.int64), step])
        own = self._own_share(images, tf.random.stateless_uniform([4, tf.shape(images)[0]], seed))
        pixels, targets = tf.cast(images, tf.float32), tf.one_hot(labels, self.classes)
        of_label = tf.reduce_mean(own, [1, 2, 3])[:, None]
        return round_pixels(_blend(pixels, own)), _blend(targets, of_label)

    def _own_share(self, images: tf.Tensor, random: tf.Tensor) -> tf.Tensor:
        """Returns the share of each image in each of its pixels, [batch, height, width, 1]."""
        shares = [_share(op, images, *tf.unstack(random[:3])) for op in self.ops]
        if len(shares) == 1:
            return shares[0]
        return tf.where(random[3][:, None, None, None] < 0.5, *shares)


def _share(
    op: BatchOp, images: tf.Tensor, random: tf.Tensor, y: tf.Tensor, x: tf.Tensor
) -> tf.Tensor:
    kept = _beta(random, op.alpha)[:, None, None, None]
    if isinstance(op, CutMix):
        return _outside(images.shape[1:3], kept, y, x)
    return tf.broadcast_to(kept, tf.concat([tf.shape(images)[:3], [1]], 0))


def _blend(values: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
    return own * values + (1 - own) * tf.roll(values, 1, axis=0)


def _beta(random: tf.Tensor, alpha: float) -> tf.Tensor:
    """Returns numbers from Beta(alpha, alpha) for uniform numbers from 0 up to 1."""
    quantiles = [betaincinv(alpha, alpha, (i + 0.5) / _QUANTILES) for i in range(_QUANTILES)]
    return tf.gather(tf.constant(quantiles, tf.float32), tf.cast(random * _QUANTILES, tf.int32))


def _outside(
    size: Sequence[int], kept: tf.Tensor, y_center: tf.Tensor, x_center: tf.Tensor
) -> tf.Tensor:
    """Returns 0 in a rectangle and 1 outside, float32 [batch, height, width, 1].

    Args:
      size: Height and width.
      kept: The share of the image that is outside, [batch, 1, 1, 1], if no border cuts it off.
      y_center: The center of the rectangle, a share of the height, [batch].
      x_center: The same of the width.
    """
    half = tf.sqrt(1 - kept) / 2
    y, x = ((tf.range(n, dtype=tf.float32) + 0.5) / n for n in size)
    rows = tf.abs(y[:, None, None] - y_center[:, None, None, None]) < half
    columns = tf.abs(x[:, None] - x_center[:, None, None, None]) < half
    return 1 - tf.cast(rows & columns, tf.float32)
