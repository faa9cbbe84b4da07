import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.lite.convert import convert
from components.lite.judge import judge
from components.lite.result import LiteResult, format_lite
from components.predictions.records import RecordBatch
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings
from components.transform.preprocessing import preprocess
from data.records import encode_example

NAMES = ["daisy", "roses", "tulips"]


def network(seed: int) -> tf.keras.Model:
    """A network with confident answers; those of an untrained one are nearly all the same."""
    tf.keras.utils.set_random_seed(seed)
    model = build_model(ModelSettings(), 32, len(NAMES))
    *weights, kernel, bias = model.get_weights()
    model.set_weights([*weights, 20 * kernel, bias])
    return model


@pytest.fixture(scope="module")
def model():
    return network(0)


@pytest.fixture(scope="module")
def test_split(model):
    """Twelve records whose labels are what the network answers."""
    records = []
    for seed in range(12):
        pixels = np.random.default_rng(seed).integers(0, 20 * (seed + 1), [40, 50, 3])
        content = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(content, "PNG")
        image = preprocess(tf.constant(content.getvalue()), 32)
        label = int(np.argmax(model(image[None], training=False)))
        records.append(encode_example(content.getvalue(), label, NAMES, (50, 40)))
    return [RecordBatch(records[:8]), RecordBatch(records[8:])]


def test_a_faithful_file_loses_nothing(model, test_split):
    content = convert(model, "float32", NAMES, [])
    result = judge(content, "float32", model, test_split, max_loss=0)
    assert (result.problems, result.n, result.gained, result.lost) == ([], 12, 0, 0)
    assert result.accuracy == result.model_accuracy == 1
    assert result.loss == 0
    assert result.p_value == 1
    assert result.megabytes == len(content) / 1e6
    assert result.latency_ms > 0
    assert format_lite(result).startswith("TensorFlow Lite, float32: ")


@pytest.mark.slow
def test_a_file_that_loses_too_much_is_refused_with_words(model, test_split):
    content = convert(network(1), "float32", NAMES, [])
    result = judge(content, "int8", model, test_split, max_loss=0.1)
    assert result.model_accuracy == 1
    assert result.lost == round(12 * (1 - result.accuracy)) > 1
    (problem,) = result.problems
    assert f"accuracy {result.accuracy:.3f} on 12 test images" in problem
    assert "push.tflite_max_loss allows 0.1000; --set push.tflite=float16 loses less" in problem
    allowed = judge(content, "int8", model, test_split, max_loss=1)
    assert allowed.problems == []


def test_the_text_of_a_network_that_could_not_be_converted():
    assert format_lite(LiteResult("int8", ["why"])) == "TensorFlow Lite, int8: not measured"
