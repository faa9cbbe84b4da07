import numpy as np
import tensorflow as tf
from tensorflow.python.autograph.pyct import transpiler

from components.evaluator.accuracy import Accuracy
from components.evaluator.evaluation import eval_config


def test_autograph_does_not_convert_the_metric(monkeypatch):
    converted = []
    original = transpiler.PyToPy.transform_function
    monkeypatch.setattr(
        transpiler.PyToPy, "transform_function",
        lambda *arguments: converted.append(arguments) or original(*arguments),
    )  # fmt: skip
    batch = np.array([0, 2, 1, 4]), np.eye(5, dtype=np.float32)[[0, 2, 3, 4]], np.ones(4)
    accuracy = Accuracy("accuracy")
    accuracy.update_state(*batch)
    assert accuracy.result().numpy() == 0.75
    assert not converted
    tf.keras.metrics.SparseCategoricalAccuracy().update_state(*batch)
    # TensorFlow 2.21 does not convert Keras's metric either.
    assert bool(converted) == tf.__version__.startswith("2.16.")


def test_tfma_finds_the_metric_by_its_name():
    _, accuracy = eval_config().metrics_specs[0].metrics
    assert (accuracy.module, accuracy.class_name) == (Accuracy.__module__, Accuracy.__name__)
