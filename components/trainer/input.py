"""The input pipeline: transformed records to batches, shuffled and augmented in each epoch."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.trainer.settings import TrainerSettings
from components.transform.augmentation.image_ops import augment
from components.transform.images import decode_pixels
from data.common.cores import available_cores
from data.features import CLASS, IMAGE

_PREFETCHED_BATCHES = 4
# Records whose classes are read at once.
_READ_RECORDS = 64
# Images that fit into this many bytes are cached in memory; otherwise they are read again in each
# epoch, and shuffled in a buffer of this size. So memory does not grow with the data.
IMAGES_BYTES = 2**27

# A batch for Keras: images, classes and example weights.
Batch = tuple[tf.Tensor, ...]


@dataclass(frozen=True)
class TrainingPlan:
    """The length of a training; a step trains on one global batch, shared by all replicas."""

    batch_size: int
    steps_per_epoch: int
    epochs: int


def make_plan(
    trainer: TrainerSettings, replicas: int, examples: int, num_steps: int | None = None
) -> TrainingPlan:
    """Returns the size of a training on `examples` examples.

    If `num_steps` is given, the last epoch is the one that reaches this number of steps.

    Raises:
      ValueError: There are fewer examples than one batch has.
    """
    batch_size = trainer.batch_size * replicas
    steps = examples // batch_size
    if not steps:
        # The data gate may not have known all replicas.
        raise ValueError(
            f"the train split has {examples} examples, fewer than one batch of {batch_size}, "
            f"{trainer.batch_size} on each of {replicas} replicas: lower trainer.batch_size to "
            f"{max(examples // replicas, 1)}, set trainer.strategy to cpu, or add images"
        )
    epochs = math.ceil(num_steps / steps) if num_steps else trainer.epochs
    return TrainingPlan(batch_size, steps, epochs)


class Images:
    """The transformed records of a split.

    Attributes:
      examples: Dataset of uint8 [size, size, 3] and int64 scalar, the class.
      labels: The class of each example, int64 [count].
      count: Number of examples.
      shuffle_buffer: Number of examples to shuffle at a time.
    """

    def __init__(self, patterns: Sequence[str], image_size: int):
        """Counts the records in Transform's files; caches the images if they fit into memory."""
        self.examples = read_examples(patterns, image_size)
        self.labels = _read_labels(_records(patterns))
        self.count = len(self.labels)
        max_images = IMAGES_BYTES // (image_size * image_size * 3)
        self.shuffle_buffer = max(min(self.count, max_images), 1)
        if self.count <= max_images:
            self.examples = self.examples.cache()


def read_examples(patterns: Sequence[str], image_size: int) -> tf.data.Dataset:
    """Returns the examples in Transform's files: uint8 [size, size, 3], and int64, the class."""
    features = {
        IMAGE: tf.io.FixedLenFeature([], tf.string),
        CLASS: tf.io.FixedLenFeature([], tf.int64),
    }

    def parse(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        example = tf.io.parse_single_example(record, features)
        return decode_pixels(example[IMAGE], image_size), example[CLASS]

    return _records(patterns).map(parse, num_parallel_calls=available_cores())


def _records(patterns: Sequence[str]) -> tf.data.Dataset:
    """Returns the serialized records of files.

    Autotuning is disabled, also in all datasets derived from this one: it brings nothing here, and
    tf.data may take long to stop it. `fit` waited 8 to 60 s after the last of 18 epochs.
    """
    files = sorted(file for pattern in patterns for file in tf.io.gfile.glob(pattern))
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.TFRecordDataset(files, compression_type="GZIP").with_options(options)


def training_batches(
    images: Images,
    trainer: TrainerSettings,
    plan: TrainingPlan,
    first_epoch: int = 0,
    skip_steps: int = 0,
) -> tf.data.Dataset:
    """Returns the training batches of all remaining epochs, `plan.steps_per_epoch` per epoch.

    Order and augmentation depend only on seed, epoch and position. So a training is repeatable, and
    an interrupted one resumes with the next batch. The last examples, which do not fill a batch,
    are dropped; they are others in each epoch.

    Args:
      images: The training split.
      trainer: Settings; only seed and augmentation are used.
      plan: Size of the training.
      first_epoch: Number of finished epochs.
      skip_steps: Number of finished steps of the next one.

    Returns:
      Dataset of uint8 [batch, size, size, 3] and int64 [batch].
    """
    count, used, seed = images.count, plan.steps_per_epoch * plan.batch_size, trainer.seed

    def epoch_of(epoch: int) -> tf.data.Dataset:
        order = images.examples.shuffle(images.shuffle_buffer, seed=seed * plan.epochs + epoch)
        positions = tf.data.Dataset.range(epoch * count, epoch * count + used)
        return tf.data.Dataset.zip((order, positions))

    def augmented(example: tuple[tf.Tensor, tf.Tensor], position: tf.Tensor) -> Batch:
        image, label = example
        image_seed = tf.stack([tf.constant(seed, tf.int64), position])
        return augment(image, image_seed, trainer.augment.image_ops), label

    # Concatenated instead of flat_map: the seed of a shuffle cannot be a tensor.
    epochs = map(epoch_of, range(first_epoch, plan.epochs))
    stream = functools.reduce(tf.data.Dataset.concatenate, epochs)
    remaining = stream.skip(skip_steps * plan.batch_size)
    batches = remaining.map(augmented, num_parallel_calls=available_cores())
    return _prefetched(batches.batch(plan.batch_size, drop_remainder=True))


def evaluation_batches(images: Images, batch_size: int) -> tf.data.Dataset:
    """Returns the examples in order, not augmented, in batches of one shape as a TPU requires.

    Returns:
      A dataset of uint8 [batch, size, size, 3], int64 [batch], and float32 [batch]: the weight, 1
      for an example and 0 for the padding of the last batch.
    """
    missing = -images.count % batch_size

    def weighted(weight: float) -> tf.data.Dataset:
        return images.examples.map(
            lambda image, label: (image, label, tf.constant(weight)),
            num_parallel_calls=available_cores(),
        )

    examples = weighted(1.0)
    if missing:
        examples = examples.concatenate(weighted(0.0).repeat().take(missing))
    return _prefetched(examples.batch(batch_size, drop_remainder=True))


def _read_labels(records: tf.data.Dataset) -> np.ndarray:
    """Returns the class of each record: int64 [records]."""
    features = {CLASS: tf.io.FixedLenFeature([], tf.int64)}
    batches = records.batch(_READ_RECORDS).map(lambda r: tf.io.parse_example(r, features)[CLASS])
    return np.concatenate([np.zeros(0, np.int64), *batches.as_numpy_iterator()])


def _prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns prefetched batches.

    Each of several workers reads all files and takes its share of the examples, because there may
    be fewer files than workers.
    """
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.prefetch(_PREFETCHED_BATCHES).with_options(options)
