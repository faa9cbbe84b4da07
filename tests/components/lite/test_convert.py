import zipfile

import numpy as np
import pytest
import tensorflow as tf

from components.lite.convert import NotConvertible, convert
from components.lite.interpreter import LiteModel
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings

NAMES = ["daisy", "日本 薔薇", "tulips, red"]


@pytest.fixture(scope="module")
def network() -> tf.keras.Model:
    tf.keras.utils.set_random_seed(0)
    return build_model(ModelSettings(), 32, len(NAMES))


@pytest.fixture(scope="module")
def small_network() -> tf.keras.Model:
    """A network that is converted in a second or two, for what does not depend on its layers."""
    return build_model(ModelSettings(name="dense"), 32, len(NAMES))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, [20, 32, 32, 3], dtype=np.uint8)


@pytest.mark.parametrize(
    ("precision", "tolerance"),
    [
        ("float32", 1e-5),
        pytest.param("float16", 0.01, marks=pytest.mark.slow),
        pytest.param("int8", 0.05, marks=pytest.mark.slow),
    ],
)
def test_a_file_answers_as_its_network(network, images, precision, tolerance):
    lite = LiteModel(convert(network, precision, NAMES, images))
    assert (lite.names, lite.image_size) == (NAMES, 32)
    found = np.stack([lite.probabilities(image) for image in images])
    np.testing.assert_allclose(found, network(images, training=False), atol=tolerance)


@pytest.mark.slow
def test_lower_precisions_make_smaller_files(network, images):
    sizes = [len(convert(network, p, NAMES, images)) for p in ("float32", "float16", "int8")]
    # Weights of 4, 2 and 1 byte, and the parts that are the same in all.
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < sizes[0] / 2


@pytest.mark.slow
def test_the_same_network_gives_the_same_bytes(network, images):
    assert convert(network, "int8", NAMES, images) == convert(network, "int8", NAMES, images)


def test_the_labels_are_in_a_zip_archive_at_the_end(small_network, tmp_path):
    file = tmp_path / "model.tflite"
    file.write_bytes(convert(small_network, "float32", NAMES, []))
    assert zipfile.is_zipfile(file)
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["labels.txt"]
        assert archive.read("labels.txt").decode() == "daisy\n日本 薔薇\ntulips, red\n"


def test_a_network_without_operations_of_tensorflow_lite_is_an_error():
    image = tf.keras.Input([8, 8, 3], dtype="uint8")
    flat = tf.keras.layers.Flatten()(tf.cast(image, tf.float32))
    inverted = tf.keras.layers.Lambda(lambda x: tf.math.erfinv(x / 300))(flat)
    with pytest.raises(NotConvertible, match="Erfinv"):
        convert(tf.keras.Model(image, inverted), "float32", ["a"], [])


def test_a_file_with_another_number_of_labels_is_an_error(small_network):
    content = convert(small_network, "float32", NAMES[:2], [])
    message = r"'probabilities' is float32 \[1, 3\] instead of float32 \[1, 2\]"
    with pytest.raises(ValueError, match=message):
        LiteModel(content)


@pytest.mark.long
@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({"name": "convnet"}, 32),
        ({"name": "dense"}, 32),
        ({"name": "xception"}, 71),
        ({"name": "keras_application", "application": "MobileNetV2"}, 32),
        ({"name": "keras_application", "application": "MobileNetV3Small"}, 32),
        ({"name": "keras_application", "application": "EfficientNetV2B0"}, 32),
    ],
    ids=lambda value: str(value if isinstance(value, int) else list(value.values())[-1]),
)
def test_each_network_can_be_converted(settings, size, precision):
    settings = ModelSettings.model_validate({"weights": "none", **settings})
    model = build_model(settings, size, len(NAMES))
    images = np.random.default_rng(0).integers(0, 256, [4, size, size, 3], dtype=np.uint8)
    lite = LiteModel(convert(model, precision, NAMES, images))
    assert lite.probabilities(images[0]).sum() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("content", [b"", b"no model at all", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_file_of_this_project_is_an_error(content):
    with pytest.raises(ValueError, match=r"it contains no labels\.txt"):
        LiteModel(content)


def test_a_file_with_other_inputs_is_an_error(tmp_path):
    double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([1, 4], tf.float32)])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([double.get_concrete_function()])
    file = tmp_path / "other.tflite"
    file.write_bytes(converter.convert())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("labels.txt", "a\nb\n")
    with pytest.raises(ValueError, match="it has no input 'image' and output 'probabilities'"):
        LiteModel(file.read_bytes())
