"""Compares a TensorFlow Lite file with the network that it was converted from."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import tensorflow as tf

from components.lite.interpreter import LiteModel
from components.lite.result import LiteResult, Precision
from components.mcnemar import mcnemar_p_value
from components.predictions.records import RecordBatch
from components.transform.preprocessing import preprocess

# Runs of one image that are timed, after those that are not.
_TIMED, _WARM_UP = 50, 5


def judge(
    content: bytes,
    precision: Precision,
    model: tf.keras.Model,
    test: Iterable[RecordBatch],
    max_loss: float,
) -> LiteResult:
    """Returns how a TensorFlow Lite file compares with its network.

    Args:
      content: The content of the file.
      precision: Its precision, for the result.
      model: The network.
      test: The examples of the test split.
      max_loss: How much lower its accuracy may be than the network's.

    Raises:
      RuntimeError: The interpreter cannot run the file.
    """
    lite = LiteModel(content)
    # By test image: whether the file and the network classify it correctly.
    by_file: list[bool] = []
    by_model: list[bool] = []
    for batch in test:
        pixels = np.stack([preprocess(image, lite.image_size) for image in batch.images])
        expected = np.argmax(model(pixels, training=False), axis=-1)
        found = [np.argmax(lite.probabilities(image)) for image in pixels]
        by_file += (np.array(found) == batch.classes).tolist()
        by_model += (expected == batch.classes).tolist()
    right, model_right = np.array(by_file), np.array(by_model)
    gained, lost = int((right & ~model_right).sum()), int((model_right & ~right).sum())
    result = LiteResult(
        precision,
        digest=hashlib.sha256(content).hexdigest(),
        megabytes=len(content) / 1e6,
        n=len(right),
        accuracy=float(right.mean()),
        model_accuracy=float(model_right.mean()),
        gained=gained,
        lost=lost,
        p_value=mcnemar_p_value(gained, lost),
        latency_ms=measure_latency(content, np.zeros([lite.image_size] * 2 + [3], np.uint8)),
    )
    return replace(result, problems=_problems(result, max_loss))


def measure_latency(content: bytes, image: np.ndarray) -> float:
    """Returns the median time that a file needs for an image on one thread, in milliseconds."""
    lite = LiteModel(content, threads=1)
    seconds = []
    for _ in range(_WARM_UP + _TIMED):
        started = time.perf_counter()
        lite.probabilities(image)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[_WARM_UP:])) * 1000


def _problems(result: LiteResult, max_loss: float) -> list[str]:
    if result.loss <= max_loss:
        return []
    advice = "; --set push.tflite=float16 loses less" if result.precision == "int8" else ""
    return [
        f"TensorFlow Lite, {result.precision}: accuracy {result.accuracy:.3f} on {result.n} test "
        f"images, {result.loss:.4f} lower than the SavedModel's {result.model_accuracy:.3f}; "
        f"push.tflite_max_loss allows {max_loss:.4f}{advice}"
    ]
