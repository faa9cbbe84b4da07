"""Converts and judges a trained network, for the serving check."""

import random
from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from components.artifacts import write_bytes
from components.lite.convert import NotConvertible, convert, first_sentence
from components.lite.judge import judge
from components.lite.result import LITE_FILE, LiteResult, Precision
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
    """Judges a network as a TensorFlow Lite file, and writes it to a folder, also if it fails.

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
        return _unusable(precision, f"the network cannot be converted: {error}")
    progress.debug("comparing the TensorFlow Lite file with the model on the test images")
    try:
        result = judge(content, precision, model, read_split(examples, "test"), max_loss)
    except RuntimeError as error:
        return _unusable(precision, f"the interpreter cannot run it: {first_sentence(error)}")
    write_bytes(content, folder, LITE_FILE)
    return result


def _unusable(precision: Precision, problem: str) -> LiteResult:
    return LiteResult(precision, [f"TensorFlow Lite, {precision}: {problem}"])


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
            seen += 1
            if seen <= number:
                chosen.append(image)
            elif (place := draw.randrange(seen)) < number:
                chosen[place] = image
    return chosen
