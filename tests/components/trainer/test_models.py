import numpy as np
import pytest
import tensorflow as tf

from components.trainer.devices import precision
from components.trainer.models import BUILDERS, build_model
from components.trainer.settings import ModelSettings

# The smallest image that each takes in the tests, and its parameters for 5 classes at that size.
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
    assert {settings.name for settings, _, _ in NETWORKS} == set(BUILDERS)


@BY_NAME
def test_a_network_has_the_parameters_that_it_states(settings, size, parameters):
    assert build_model(settings, size, 5).count_params() == parameters


@BY_NAME
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_network_answers_with_a_probability_for_each_class(settings, size, parameters, policy):
    with precision(policy):
        model = build_model(settings, size, 7)
    assert {layer.compute_dtype for layer in model.layers} >= {policy.replace("mixed_", "")}
    answers = model(np.zeros([3, size, size, 3], np.float32)).numpy()
    assert answers.shape == (3, 7)
    assert answers.dtype == np.float32
    assert answers.sum(-1) == pytest.approx(1, abs=1e-5)


@BY_NAME
def test_steps_lower_the_loss(settings, size, parameters):
    tf.keras.utils.set_random_seed(0)
    model = build_model(settings, size, 2)
    model.compile(tf.keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).uniform(size=[8, size, size, 3]).astype(np.float32)
    images[::2] /= 4
    history = model.fit(images, np.array([0, 1] * 4), batch_size=8, epochs=6, verbose=0)
    assert min(history.history["loss"][1:]) < history.history["loss"][0]


def test_weights_of_a_file_are_taken_over_and_can_be_frozen(tmp_path):
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
    model.fit(np.ones([2, 32, 32, 3]), np.array([0, 1]), verbose=0)
    # Not even the averages of BatchNormalization moved.
    assert all((weight == 0.25).all() for weight in model.get_weights()[:-2])


def test_an_image_that_is_too_small_and_a_network_that_does_not_exist_are_errors():
    with pytest.raises(ValueError, match="at least 71x71"):
        build_model(ModelSettings(name="xception"), 64, 2)
    with pytest.raises(ValueError, match=r"no 'Nothing'; it has .*MobileNetV2"):
        build_model(ModelSettings(name="keras_application", application="Nothing"), 64, 2)


def test_mobilenet_gets_what_its_own_preprocessing_makes(make_image):
    settings = ModelSettings(name="keras_application", application="MobileNetV2")
    model = build_model(settings, 32, 2)
    pixels = make_image(0, 32, 32)
    expected = tf.keras.applications.mobilenet_v2.preprocess_input(pixels.astype(np.float32))
    assert model.layers[1](pixels[None] / 255).numpy()[0] == pytest.approx(expected, abs=1e-5)
