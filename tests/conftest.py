"""What all tests share: Keras 2, the option `--real-data`, and small images."""

import os

# TensorFlow reads it as it is imported, which the tests' modules do.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real-data", metavar="DIR", help="folder of real flower TFRecords")


@pytest.fixture
def make_image() -> Callable[..., np.ndarray]:
    """Returns a function that makes a smooth random image: uint8 [height, width, 3]."""

    def make(seed: int = 0, height: int = 48, width: int = 64) -> np.ndarray:
        coarse = np.random.default_rng(seed).uniform(0, 255, [6, 6, 3])
        return tf.cast(tf.image.resize(coarse, [height, width]), tf.uint8).numpy()

    return make
