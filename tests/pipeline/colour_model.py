"""A tiny model that classifies pictures by their colour, with the signatures of a pushed model."""

from pathlib import Path

import tensorflow as tf

COLOURS = ["red", "green", "blue"]


class ColourModel(tf.Module):
    """Classifies images by their strongest colour; has the interface of `Servable`."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serving_default(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        features = {"image": tf.io.FixedLenFeature([], tf.string)}
        return self._classify(tf.io.parse_example(examples, features)["image"])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._classify(image_bytes)

    @tf.function(input_signature=[])
    def class_names(self) -> tf.Tensor:
        return tf.constant(COLOURS)

    def _classify(self, encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        means = tf.map_fn(_mean_colour, encoded, fn_output_signature=tf.float32)
        probabilities = tf.nn.softmax(means / 64)
        class_id = tf.argmax(probabilities, axis=-1)
        label = tf.gather(COLOURS, class_id)
        return {"probabilities": probabilities, "class_id": class_id, "label": label}


def _mean_colour(encoded: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(tf.reduce_mean(tf.cast(image, tf.float32), axis=[0, 1]), [3])


def save_colour_model(folder: Path) -> None:
    """Writes the SavedModel."""
    model = ColourModel()
    signatures = {
        "serving_default": model.serving_default,
        "serving_bytes": model.serving_bytes,
    }
    tf.saved_model.save(model, str(folder), signatures=signatures)


def draw(colour: int, height: int = 8, width: int = 8) -> bytes:
    """Returns a PNG of one colour, given as an index into COLOURS."""
    pixels = tf.one_hot(tf.fill([height, width], colour), 3, on_value=255, off_value=0)
    content: bytes = tf.io.encode_png(tf.cast(pixels, tf.uint8)).numpy()
    return content
