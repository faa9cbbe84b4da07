"""The input pipeline: transformed records to batches, shuffled and augmented anew each epoch."""

import functools
from collections.abc import Sequence

import tensorflow as tf

from components.trainer.devices import available_cores
from components.trainer.settings import TrainerSettings
from components.transform.augment import augment
from components.transform.images import decode_pixels, to_float
from data.features import CLASS, IMAGE

# Batches made ahead of the one that is trained on.
PREFETCH = 4
# Images are kept in memory where all of them fit into this; else they are read anew each epoch, and
# shuffled in a buffer of this size. So memory does not grow with the data.
IMAGES_BYTES = 2**27

# A batch for Keras: images, classes, and the weight of each example.
Batch = tuple[tf.Tensor, ...]


class Images:
    """The transformed records of a split."""

    def __init__(self, patterns: Sequence[str], image_size: int):
        """Counts them, and keeps them in memory where they fit.

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
        # uint8 [size, size, 3], int64 scalar.
        self.examples = records.map(parse, num_parallel_calls=available_cores())
        self.count = int(records.reduce(tf.constant(0, tf.int64), lambda total, _: total + 1))
        fitting = IMAGES_BYTES // (image_size * image_size * 3)
        self.shuffle_buffer = max(min(self.count, fitting), 1)
        if self.count <= fitting:
            self.examples = self.examples.cache()


def training_batches(
    images: Images,
    trainer: TrainerSettings,
    batch_size: int,
    first_epoch: int = 0,
    skip_steps: int = 0,
) -> tf.data.Dataset:
    """Returns the batches of a training, `images.count // batch_size` of them an epoch.

    Order and augmentation are functions of seed, epoch and place, so that a seed repeats them, and
    a training that was interrupted goes on with what comes next. The examples left over by the
    batches of an epoch are others in the next.

    Args:
      images: to learn from.
      trainer: epochs, seed, augmentation.
      batch_size: of all replicas together.
      first_epoch: epochs that are done.
      skip_steps: batches of `first_epoch` that are done.

    Returns:
      float32 [batch, size, size, 3] in [0, 1], int64 [batch].
    """
    count, used = images.count, images.count // batch_size * batch_size
    seed = trainer.seed

    def epoch_of(epoch: int) -> tf.data.Dataset:
        order = images.examples.shuffle(images.shuffle_buffer, seed=seed * trainer.epochs + epoch)
        places = tf.data.Dataset.range(epoch * count, epoch * count + used)
        return tf.data.Dataset.zip((order, places))

    def augmented(example: tuple[tf.Tensor, tf.Tensor], place: tf.Tensor) -> Batch:
        image, label = example
        draw = tf.stack([tf.constant(seed, tf.int64), place])
        options = trainer.augment
        changed = augment(to_float(image), draw, options.flip_left_right, options.saturation)
        return changed, label

    # One after the other and not by flat_map: the seed of a shuffle can't be a tensor.
    epochs = map(epoch_of, range(first_epoch, trainer.epochs))
    stream = functools.reduce(tf.data.Dataset.concatenate, epochs).skip(skip_steps * batch_size)
    batches = stream.map(augmented, num_parallel_calls=available_cores())
    return _prefetched(batches.batch(batch_size, drop_remainder=True))


def evaluation_batches(images: Images, batch_size: int) -> tf.data.Dataset:
    """Returns the examples in order, unchanged, in batches of one shape, which a TPU insists on.

    Returns:
      float32 [batch, size, size, 3] in [0, 1], int64 [batch], float32 [batch]: the weight, 1 for an
      example and 0 for those that fill up the last batch.
    """
    missing = -images.count % batch_size

    def weighted(weight: float) -> tf.data.Dataset:
        return images.examples.map(
            lambda image, label: (to_float(image), label, tf.constant(weight)),
            num_parallel_calls=available_cores(),
        )

    filled = weighted(1.0)
    if missing:
        filled = filled.concatenate(weighted(0.0).repeat().take(missing))
    return _prefetched(filled.batch(batch_size, drop_remainder=True))


def _prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetches, with parallelism as it is given.

    TensorFlow's tuner gains nothing here, and fit waited 8 to 60 s for it to end after the last of
    18 epochs. Several workers read all files and take their share of the examples: there may be
    fewer files than workers.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.prefetch(PREFETCH).with_options(options)
