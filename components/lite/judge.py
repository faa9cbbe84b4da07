"""Compares a TensorFlow Lite file with the network that it was converted from."""

import time
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from components.lite.interpreter import LiteModel
from components.lite.result import LiteResult
from components.lite.settings import Precision
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
    accuracy, model_accuracy = float(right.mean()), float(model_right.mean())
    # Their difference would have rounding errors.
    loss = (lost - gained) / len(right)
    problems = []
    if loss > max_loss:
        problems.append(
            f"TensorFlow Lite, {precision}: accuracy {accuracy:.3f} on {len(right)} test images, "
            f"{loss:.3f} lower than the SavedModel's {model_accuracy:.3f}; push.tflite_max_loss "
            f"allows {max_loss:.3f}{_advice(precision)}"
        )
    return LiteResult(
        precision,
        problems,
        megabytes=len(content) / 1e6,
        n=len(right),
        accuracy=accuracy,
        model_accuracy=model_accuracy,
        gained=gained,
        lost=lost,
        p_value=mcnemar_p_value(gained, lost),
        latency_ms=measure_latency(content, pixels[0]),
    )


def measure_latency(content: bytes, image: np.ndarray) -> float:
    """Returns the median time that a file needs for an image on one thread, in milliseconds."""
    lite = LiteModel(content, threads=1)
    seconds = []
    for _ in range(_WARM_UP + _TIMED):
        started = time.perf_counter()
        lite.probabilities(image)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[_WARM_UP:])) * 1000


def _advice(precision: Precision) -> str:
    return "; --set push.tflite=float16 loses less" if precision == "int8" else ""
