"""The exported model: transform graph and network behind two signatures of raw bytes."""

import functools
import os
import tempfile
from collections.abc import Sequence

import tensorflow as tf
import tensorflow_transform as tft

from components.artifacts import KERAS_FORMAT, WEIGHTS_FILE
from components.transform.images import decode_pixels
from data.features import IMAGE


class Servable(tf.Module):
    """A trained network that contains its transform graph.

    Signatures, for a batch of any size, also an empty one:
      serving_default: `examples`, string [batch], tf.Examples with the feature `image`.
      serving_bytes: `image_bytes`, string [batch], encoded images.

    Both signatures return `probabilities`, float32 [batch, classes]; `class_id`, int64 [batch];
    and `label`, string [batch].
    """

    def __init__(
        self,
        model: tf.keras.Model,
        transform: tft.TFTransformOutput,
        class_names: Sequence[str],
        image_size: int,
    ):
        super().__init__()
        # Only the weights are tracked: saving a Keras model, which the transform layer is too,
        # converts all its layers by AutoGraph into functions that nobody calls; for SqueezeNet it
        # took 13 s. If the transform graph had a lookup table, it would have to be tracked, and
        # saving would fail without that.
        self._weights = model.weights
        self._network = functools.partial(model, training=False)
        self._transform = functools.partial(transform.transform_features_layer())
        self._labels = tf.constant(list(class_names))
        self._image_size = image_size

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False)
    def serving_default(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Classifies serialized tf.Examples."""
        features = {IMAGE: tf.io.FixedLenFeature([], tf.string)}
        return self._classify(tf.io.parse_example(examples, features)[IMAGE])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")], autograph=False)
    def serving_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Classifies encoded images."""
        return self._classify(image_bytes)

    @tf.function(input_signature=[], autograph=False)
    def class_names(self) -> tf.Tensor:
        """Returns the class names in the order of `probabilities`: string [classes]."""
        return tf.identity(self._labels)

    def _classify(self, encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        side = self._image_size
        pixels = tf.map_fn(
            lambda image: decode_pixels(image, side),
            self._transform({IMAGE: encoded})[IMAGE],
            # An empty batch does not tell the shape.
            fn_output_signature=tf.TensorSpec([side, side, 3], tf.uint8),
        )
        # Some operations of a network fail on an empty batch, so it gets at least one image.
        images = tf.shape(pixels)[0]
        filled = tf.pad(pixels, [[0, tf.maximum(1 - images, 0)], [0, 0], [0, 0], [0, 0]])
        probabilities = self._network(filled)[:images]
        class_id = tf.argmax(probabilities, axis=-1)
        return {
            "probabilities": probabilities,
            "class_id": class_id,
            "label": tf.gather(self._labels, class_id),
        }


def export(servable: Servable, folder: str) -> None:
    """Writes a SavedModel with both signatures."""
    signatures = {
        "serving_default": servable.serving_default,
        "serving_bytes": servable.serving_bytes,
    }
    tf.saved_model.save(servable, folder, signatures=signatures)


def save_weights(model: tf.keras.Model, serving_folder: str) -> None:
    """Writes the Keras weights, from which a later training can start.

    See `weights_path`. h5py does not support gs:// paths, so a local file is written first.
    """
    path = weights_path(serving_folder)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, WEIGHTS_FILE)
        model.save_weights(file)
        tf.io.gfile.copy(file, path)


def weights_path(serving_folder: str) -> str:
    """Returns the path of the Keras weights: `Format-Keras/weights.h5` next to the SavedModel."""
    return os.path.join(os.path.dirname(serving_folder), KERAS_FORMAT, WEIGHTS_FILE)
