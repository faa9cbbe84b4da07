import numpy as np
import pytest
import tensorflow as tf

from components.lite.convert import convert
from components.lite.interpreter import LiteModel
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings
from components.transform.preprocessing import preprocess
from data.common.errors import UsageError
from pipeline.inference.input_images import InputImage
from pipeline.inference.lite import LiteClassifier
from pipeline.inference.predict import predict

NAMES = ["red", "green", "blue"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("lite") / "model.tflite"
    path.write_bytes(convert(build_model(ModelSettings(name="dense"), 32, 3), "float16", NAMES, []))
    return path


def test_images_are_decoded_and_resized_as_for_the_savedmodel(file, picture):
    image = picture(0, 40, 30)
    (result,) = predict(LiteClassifier(file), [InputImage("a.png", image)])
    pixels = preprocess(tf.constant(image), 32).numpy()
    expected = LiteModel(file.read_bytes()).probabilities(pixels)
    np.testing.assert_allclose(list(result["probabilities"].values()), expected, atol=1e-6)
    assert result["label"] == NAMES[expected.argmax()]


def test_a_bad_image_gets_an_error_and_the_others_are_classified(file, picture):
    images = [InputImage("bad", b"no image"), InputImage("a.png", picture(1))]
    bad, good = predict(LiteClassifier(file), images)
    assert bad == {"path": "bad", "error": "the image is damaged"}
    assert list(good["probabilities"]) == NAMES


def test_a_file_that_is_missing_or_another_kind_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"--tflite: .*none cannot be read: No such file"):
        LiteClassifier(tmp_path / "none")
    (tmp_path / "text").write_text("no model")
    with pytest.raises(UsageError, match=r"--tflite: .*text is not a TensorFlow Lite file"):
        LiteClassifier(tmp_path / "text")
