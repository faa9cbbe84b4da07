"""Converts and judges a trained network, for the serving check."""

import random
from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from components.artifacts import write_bytes
from components.lite.convert import NotConvertible, convert
from components.lite.judge import judge
from components.lite.result import LITE_FILE, LiteResult
from components.lite.settings import Precision
from components.predictions.records import RecordBatch, read_split
from components.transform.preprocessing import preprocess
from data.common.progress import progress

# TensorFlow recommends 100 to 500 for the ranges of the activations.
_REPRESENTATIVE_IMAGES = 200


def export_lite(
    model: tf.keras.Model,
    precision: Precision,
    names: Sequence[str],
    examples: str,
    max_loss: float,
    folder: str,
) -> LiteResult:
    """Writes `model.tflite` to a folder and judges it; it is also written if it fails.

    Args:
      model: The trained network.
      precision: The precision of the file.
      names: The class names in the order of their ids.
      examples: URI of ExampleGen's examples.
      max_loss: How much lower its accuracy may be than the network's.
      folder: The folder.
    """
    progress.debug("converting the model to TensorFlow Lite, %s", precision)
    images = _representative(examples, model.input_shape[1]) if precision == "int8" else []
    try:
        content = convert(model, precision, names, images)
    except NotConvertible as error:
        problem = f"TensorFlow Lite, {precision}: the network cannot be converted: {error}"
        return LiteResult(precision, [problem])
    write_bytes(content, folder, LITE_FILE)
    progress.debug("comparing the TensorFlow Lite file with the model on the test images")
    return judge(content, precision, model, read_split(examples, "test"), max_loss)


def _representative(examples: str, size: int) -> list[np.ndarray]:
    """Returns random images of the training split as the network gets them."""
    images = _sample(read_split(examples, "train"), _REPRESENTATIVE_IMAGES)
    return [preprocess(image, size).numpy() for image in images]


def _sample(batches: Iterable[RecordBatch], number: int) -> list[bytes]:
    """Returns up to `number` images, each with the same probability, always the same ones.

    The records may be in the order of their classes, so the first ones would not do.
    """
    chosen: list[bytes] = []
    draw = random.Random(0)
    seen = 0
    for batch in batches:
        for image in batch.images:
            place = seen if seen < number else draw.randint(0, seen)
            if place < number:
                chosen[place : place + 1] = [image]
            seen += 1
    return chosen
