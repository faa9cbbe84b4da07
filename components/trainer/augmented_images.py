"""A picture of augmented training images, which the report of a run shows."""

from collections.abc import Sequence

import tensorflow as tf

from components.artifacts import write_bytes
from components.trainer.input import read_examples
from components.trainer.settings import TrainingSettings
from components.trainer.training_report import AUGMENTED_FILE
from components.transform.augmentation.image_ops import augment
from components.transform.augmentation.mixing import Mixing
from components.transform.images import round_pixels

# Rows, draws in each row, and the largest side of an image in the picture, in pixels.
ROWS, DRAWS, _SIDE = 4, 6, 96
_QUALITY = 75


def write_augmented(
    settings: TrainingSettings, train_files: Sequence[str], classes: int, model_run_uri: str
) -> None:
    """Writes `augmented.jpg` to a ModelRun artifact, less than 100 kB.

    A row is a training image: first as Transform wrote it, then with random changes.

    Args:
      settings: Settings of the training.
      train_files: Glob patterns of Transform's records to train on.
      classes: Number of classes.
      model_run_uri: The folder of the artifact.
    """
    examples = read_examples(train_files, settings.image_size).take(ROWS)
    images, labels = next(iter(examples.batch(ROWS)))
    columns = [images, *(_draw(settings, images, labels, classes, n) for n in range(DRAWS))]
    picture = _tiled(tf.stack(columns, 1))
    encoded = tf.io.encode_jpeg(picture, quality=_QUALITY)
    write_bytes(encoded.numpy(), model_run_uri, AUGMENTED_FILE)


def _draw(
    settings: TrainingSettings, images: tf.Tensor, labels: tf.Tensor, classes: int, number: int
) -> tf.Tensor:
    """Returns the images after all ops, as a training step sees them."""
    augmentation, seed = settings.trainer.augment, settings.trainer.seed
    changed = [
        augment(image, tf.constant([seed, number * ROWS + row], tf.int64), augmentation.image_ops)
        for row, image in enumerate(images)
    ]
    if augmentation.batch_ops:
        mixing = Mixing(augmentation.batch_ops, seed, classes)
        return mixing(tf.stack(changed), labels, tf.constant(number, tf.int64))[0]
    return tf.stack(changed)


def _tiled(images: tf.Tensor) -> tf.Tensor:
    """Returns one picture, uint8, of images, uint8 [rows, columns, size, size, 3]."""
    rows, columns, size = images.shape[:3]
    picture = tf.reshape(tf.transpose(images, [0, 2, 1, 3, 4]), [rows * size, columns * size, 3])
    side = min(size, _SIDE)
    smaller = tf.image.resize(picture, [rows * side, columns * side], antialias=True)
    return round_pixels(smaller)
