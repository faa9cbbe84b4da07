from typing import get_args

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.devices import precision
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings

# Network, image size in the tests, and number of parameters for 5 classes at that size.
NETWORKS = [
    (ModelSettings(name="dense"), 32, 393_989),
    (ModelSettings(name="convnet"), 32, 293_233),
    (ModelSettings(name="squeezenet"), 32, 120_613),
    (ModelSettings(name="xception"), 71, 20_871_725),
    (ModelSettings(name="keras_application", application="MobileNetV2"), 32, 2_264_389),
]
BY_NAME = pytest.mark.parametrize(
    ("settings", "size", "parameters"), NETWORKS, ids=[s.name for s, _, _ in NETWORKS]
)


def test_all_networks_are_tested():
    names = get_args(ModelSettings.model_fields["name"].annotation)
    assert [settings.name for settings, _, _ in NETWORKS] == list(names)


@BY_NAME
def test_a_network_has_the_parameters_that_it_states(settings, size, parameters):
    assert build_model(settings, size, 5).count_params() == parameters


@BY_NAME
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_network_returns_a_probability_for_each_class(settings, size, parameters, policy):
    with precision(policy):
        model = build_model(settings, size, 7)
    assert {layer.compute_dtype for layer in model.layers} >= {policy.replace("mixed_", "")}
    outputs = model(np.zeros([3, size, size, 3], np.uint8)).numpy()
    assert outputs.shape == (3, 7)
    assert outputs.dtype == np.float32
    assert outputs.sum(-1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_network_divides_the_pixels_itself_in_full_precision(make_image, policy):
    pixels = make_image(0, 32, 32)[None]
    with precision(policy):
        model = build_model(ModelSettings(name="squeezenet"), 32, 5)
    assert model.inputs[0].dtype == tf.uint8
    assert model.layers[1](pixels).numpy() == pytest.approx(pixels / 255, abs=1e-6)


@pytest.mark.slow
@BY_NAME
def test_steps_lower_the_loss(settings, size, parameters):
    tf.keras.utils.set_random_seed(0)
    model = build_model(settings, size, 2)
    model.compile(tf.keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).integers(256, size=[8, size, size, 3], dtype=np.uint8)
    images[::2] //= 4
    history = model.fit(images, np.array([0, 1] * 4), batch_size=8, epochs=6, verbose=0)
    assert min(history.history["loss"][1:]) < history.history["loss"][0]


def test_weights_are_loaded_from_a_file_and_can_be_frozen(tmp_path):
    base = tf.keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=[32, 32, 3]
    )
    base.set_weights([np.full_like(weight, 0.25) for weight in base.get_weights()])
    base.save_weights(tmp_path / "weights.h5")
    settings = ModelSettings(
        name="keras_application", application="MobileNetV2", weights=str(tmp_path / "weights.h5"),
        frozen=True,
    )  # fmt: skip
    model = build_model(settings, 32, 2)
    assert [weight.shape for weight in model.trainable_weights] == [(1280, 2), (2,)]
    assert all((weight == 0.25).all() for weight in model.get_weights()[:-2])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(np.ones([2, 32, 32, 3], np.uint8), np.array([0, 1]), verbose=0)
    # The moving averages of BatchNormalization have not changed either.
    assert all((weight == 0.25).all() for weight in model.get_weights()[:-2])


def test_an_image_that_is_too_small_and_a_network_that_does_not_exist_are_errors():
    with pytest.raises(ValueError, match="at least 71x71"):
        build_model(ModelSettings(name="xception"), 64, 2)
    with pytest.raises(ValueError, match=r"has no 'Nothing'\. It has .*MobileNetV2"):
        build_model(ModelSettings(name="keras_application", application="Nothing"), 64, 2)
    with pytest.raises(ValueError, match=r"'mobilenetv3small'; did you mean MobileNetV3Small\?"):
        build_model(ModelSettings(name="keras_application", application="mobilenetv3small"), 64, 2)


def test_mobilenet_gets_the_output_of_its_own_preprocessing(make_image):
    settings = ModelSettings(name="keras_application", application="MobileNetV2")
    model = build_model(settings, 32, 2)
    pixels = make_image(0, 32, 32)
    expected = tf.keras.applications.mobilenet_v2.preprocess_input(pixels.astype(np.float32))
    assert model.layers[1](pixels[None]).numpy()[0] == pytest.approx(expected, abs=1e-5)
