"""The input pipeline: transformed records to batches, shuffled and augmented anew each epoch."""

import functools
import os
from collections.abc import Sequence

import tensorflow as tf

from components.transform.augment import augment
from components.transform.images import decode_pixels, to_float
from data.records import CLASS, IMAGE

# Batches made ahead of the one that is trained on.
PREFETCH = 4


def read_pixels(patterns: Sequence[str], image_size: int) -> tf.data.Dataset:
    """Returns (uint8 [size, size, 3], int64 class) of each transformed record, kept in memory.

    Args:
      patterns: globs of gzipped TFRecord files that Transform wrote.
      image_size: side of the images in pixels.
    """
    features = {
        IMAGE: tf.io.FixedLenFeature([], tf.string),
        CLASS: tf.io.FixedLenFeature([], tf.int64),
    }

    def parse(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        example = tf.io.parse_single_example(record, features)
        return decode_pixels(example[IMAGE], image_size), example[CLASS]

    files = sorted(file for pattern in patterns for file in tf.io.gfile.glob(pattern))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return records.map(parse, num_parallel_calls=available_cores()).cache()


def count_examples(examples: tf.data.Dataset) -> int:
    """Returns how many examples there are, and fills the cache of `read_pixels` on the way."""
    return int(examples.reduce(tf.constant(0, tf.int64), lambda total, _: total + 1))


def training_batches(
    examples: tf.data.Dataset,
    count: int,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    flip_left_right: bool,
    saturation: tuple[float, float] | None,
) -> tf.data.Dataset:
    """Returns all batches of a training, `count // batch_size` of them an epoch.

    Order and augmentation are functions of seed, epoch and place, so that a seed repeats them. The
    examples left over by the batches of an epoch are others in the next.

    Args:
      examples: uint8 images and classes, from `read_pixels`.
      count: number of `examples`.

    Returns:
      float32 [batch, size, size, 3] in [0, 1], int64 [batch].
    """
    used = count // batch_size * batch_size

    def epoch_of(epoch: int) -> tf.data.Dataset:
        places = tf.data.Dataset.range(epoch * count, epoch * count + used)
        return tf.data.Dataset.zip((examples.shuffle(count, seed=seed * epochs + epoch), places))

    def augmented(example: tuple[tf.Tensor, tf.Tensor], place: tf.Tensor) -> tuple[tf.Tensor, ...]:
        image, label = example
        draw = tf.stack([tf.constant(seed, tf.int64), place])
        return augment(to_float(image), draw, flip_left_right, saturation), label

    # One after the other and not by flat_map: the seed of a shuffle can't be a tensor.
    stream = functools.reduce(tf.data.Dataset.concatenate, map(epoch_of, range(epochs)))
    batches = stream.map(augmented, num_parallel_calls=available_cores())
    return _prefetched(batches.batch(batch_size, drop_remainder=True))


def evaluation_batches(examples: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Returns the examples in order, unchanged, in batches; the last one may be smaller."""
    floats = examples.map(
        lambda image, label: (to_float(image), label), num_parallel_calls=available_cores()
    )
    return _prefetched(floats.batch(batch_size))


def _prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetches, with parallelism as it is given.

    TensorFlow's tuner gains nothing here, and fit waited 8 to 60 s for it to end after the last of
    18 epochs.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(PREFETCH).with_options(options)


def available_cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0))
