"""Converts a trained network to TensorFlow Lite."""

import io
import zipfile
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from components.lite.result import Precision

LABELS_FILE = "labels.txt"
INPUT, OUTPUT = "image", "probabilities"
# The date of the labels in the file, so that the same network always gives the same bytes.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class NotConvertible(Exception):
    """TensorFlow Lite has no operation for a part of the network; the message is its own."""


def convert(
    model: tf.keras.Model, precision: Precision, names: Sequence[str], images: Sequence[np.ndarray]
) -> bytes:
    """Returns a network as the content of a TensorFlow Lite file.

    Its only signature takes `image`, uint8 [1, size, size, 3], and returns `probabilities`, float32
    [1, classes]. The class names are the lines of `labels.txt` in a zip archive at the end of the
    file, where files with the metadata of TensorFlow Lite have them; there is no other metadata.

    Args:
      model: The network, which takes uint8 pixels.
      precision: `float32`; `float16`, weights of half the size; or `int8`, weights and activations
        as 8-bit integers.
      names: The class names in the order of their ids.
      images: Images from the training split, uint8 [size, size, 3]. `int8` takes the ranges of the
        activations from them; the others ignore them.

    Raises:
      NotConvertible: The network cannot be converted.
    """
    shape = [1, *model.input_shape[1:]]

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8, INPUT)], autograph=False)
    def classify(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: model(image, training=False)}

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [classify.get_concrete_function()], model
    )
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: _inputs(images)
    try:
        content: bytes = converter.convert()
    except (OSError, MemoryError):
        raise
    except Exception as error:
        # The class of the converter's errors is private, and others are RuntimeErrors.
        raise NotConvertible(first_sentence(error)) from error
    return _with_labels(content, names)


def first_sentence(error: Exception) -> str:
    """Returns the first line of an error of TensorFlow Lite, without where its code was traced."""
    line = str(error).strip().partition("\n")[0]
    return line.rpartition("): ")[2] if line.startswith("loc(") else line


def read_labels(content: bytes) -> list[str]:
    """Returns the class names in a TensorFlow Lite file, in the order of their ids.

    Raises:
      ValueError: The file has no labels.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(LABELS_FILE).decode().splitlines()
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"it contains no {LABELS_FILE}") from error


def _inputs(images: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    for image in images:
        yield [image[None]]


def _with_labels(content: bytes, names: Sequence[str]) -> bytes:
    # A FlatBuffer ignores what follows it, and a zip archive what precedes it.
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo(LABELS_FILE, _ZIP_EPOCH), "".join(f"{n}\n" for n in names))
    return file.getvalue()
