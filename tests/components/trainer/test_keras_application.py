"""Networks of tf.keras.applications that scale the pixels in a layer of their own."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.devices import precision
from components.trainer.models import build_model, keras_application
from components.trainer.settings import ModelSettings
from tests.trainings import Training, fields

# Network, and number of parameters for 5 classes.
NETWORKS = {
    "MobileNetV3Small": 942_005,
    "MobileNetV3Large": 3_001_157,
    "EfficientNetV2B0": 5_925_717,
}
EACH = pytest.mark.parametrize("name", NETWORKS)
EACH_BUT_SLOWLY = pytest.mark.parametrize(
    "name",
    [name if "Small" in name else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS],
)
SIZE = 32

_layers = tf.keras.layers


def settings_of(name, weights="none", frozen=False):
    return ModelSettings(
        name="keras_application", application=name, weights=str(weights), frozen=frozen
    )


def body_of(model):
    """Returns the model from the pixels to the output of the body."""
    return tf.keras.Model(model.inputs, model.layers[3].input)


def calibrate(body, images):
    """Sets weights whose features depend on the pixels, as trained ones do.

    With the initial averages of BatchNormalization, the features of all images are nearly the same.
    """
    rng = np.random.default_rng(0)
    body.set_weights([w * rng.uniform(0.8, 1.2, w.shape) + 0.01 for w in body.get_weights()])
    norms = [n for n in body.layers if isinstance(n, _layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0
    body(images.astype(np.float32), training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def distance(a, b):
    """Returns the largest difference relative to the largest value."""
    return np.abs(a - b).max() / np.abs(b).max()


def scaled(name, pixels):
    """Returns pixels in the range that the paper's weights expect, computed independently."""
    if name.startswith("MobileNetV3"):
        return pixels / np.float32(127.5) - 1
    mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)
    return (pixels / np.float32(255) - mean) / deviation


@pytest.fixture
def pixels(make_image):
    return np.stack([make_image(seed, SIZE, SIZE) for seed in range(8)])


@EACH
def test_weights_of_a_file_get_pixels_in_the_range_that_they_expect(name, pixels, tmp_path):
    tf.keras.utils.set_random_seed(0)
    plain = getattr(tf.keras.applications, name)(
        include_top=False, weights=None, input_shape=[SIZE, SIZE, 3], include_preprocessing=False
    )
    calibrate(plain, scaled(name, pixels))
    plain.save_weights(tmp_path / "weights.h5")
    model = build_model(settings_of(name, tmp_path / "weights.h5"), SIZE, 5)
    found = body_of(model)(pixels).numpy()
    assert distance(found, plain(scaled(name, pixels)).numpy()) < 1e-3
    # The features tell whether the pixels are scaled.
    assert distance(found, plain(pixels.astype(np.float32)).numpy()) > 0.1


@EACH
def test_the_number_of_parameters_is_the_one_in_the_documentation(name):
    assert build_model(settings_of(name), SIZE, 5).count_params() == NETWORKS[name]


@EACH
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_scales_the_pixels_in_full_precision(name, policy, pixels):
    with precision(policy):
        model = build_model(settings_of(name), SIZE, 5)
    body = model.layers[2]
    *_, last = (
        n for n in body.layers[:3] if isinstance(n, _layers.Rescaling | _layers.Normalization)
    )
    found = tf.keras.Model(body.input, last.output)(pixels.astype(np.float32)).numpy()
    # In bfloat16 the error is half a level of a pixel, and the features of MobileNetV3 are others.
    assert found.dtype == np.float32
    assert found == pytest.approx(scaled(name, pixels), abs=1e-5)
    assert {layer.compute_dtype for layer in body.layers} >= {policy.removeprefix("mixed_")}
    probabilities = model(pixels).numpy()
    assert probabilities.dtype == np.float32
    assert probabilities.sum(-1) == pytest.approx(1, abs=1e-5)


@EACH
def test_averages_follow_a_training_of_a_few_hundred_steps(name):
    model = build_model(settings_of(name), SIZE, 2)
    norms = [n for n in model.layers[2].layers if isinstance(n, _layers.BatchNormalization)]
    assert all(norm.momentum <= 0.99 for norm in norms)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("MobileNetV3Small", "float32"),
        ("MobileNetV3Small", "mixed_bfloat16"),
        ("MobileNetV3Small", "mixed_float16"),
        ("MobileNetV3Large", "float32"),
        ("EfficientNetV2B0", "float32"),
        ("EfficientNetV2B0", "mixed_float16"),
    ],
)
def test_steps_lower_the_loss(name, policy):
    tf.keras.utils.set_random_seed(0)
    with precision(policy):
        model = build_model(settings_of(name), SIZE, 2)
        model.compile(tf.keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).integers(256, size=[8, SIZE, SIZE, 3], dtype=np.uint8)
    images[::2] //= 4
    history = model.fit(images, np.array([0, 1] * 4), batch_size=8, epochs=6, verbose=0)
    assert min(history.history["loss"][1:]) < history.history["loss"][0]


@EACH_BUT_SLOWLY
def test_a_synchronized_network_is_the_same_network(name, pixels, monkeypatch):
    alone = build_model(settings_of(name), SIZE, 5)
    monkeypatch.setattr(keras_application, "several_replicas", lambda: True)
    model = build_model(settings_of(name), SIZE, 5)
    norms = [
        layer for layer in model.layers[2].layers if isinstance(layer, _layers.BatchNormalization)
    ]
    assert norms
    assert all(layer.synchronized for layer in norms)
    model.set_weights(alone.get_weights())
    assert distance(body_of(model)(pixels).numpy(), body_of(alone)(pixels).numpy()) < 1e-3


@pytest.mark.slow
def test_two_replicas_train_a_network(write_transformed, make_image, tmp_path):
    images, labels = [make_image(i, SIZE, SIZE) for i in range(24)], [0, 1] * 12
    splits = (
        write_transformed("train", images[:16], labels[:16]),
        write_transformed("eval", images[16:], labels[16:]),
    )
    settings = fields("cpu", 4, peak=1e-4)
    settings["model"] = settings_of("MobileNetV3Small").model_dump(mode="json")
    _, device, (epoch,), _ = Training(tmp_path, splits, "two", settings, replicas=2).finish()
    assert device.startswith("2 replicas on CPU")
    assert np.isfinite([epoch["loss"], epoch["val_loss"]]).all()


@pytest.mark.slow
def test_xla_compiles_a_whole_training_step_with_static_shapes():
    model = build_model(settings_of("MobileNetV3Small"), SIZE, 5)
    model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    model.optimizer.build(model.trainable_variables)
    images = tf.zeros([4, SIZE, SIZE, 3], tf.uint8)
    labels = tf.constant([0, 1, 2, 3], tf.int64)
    model.train_on_batch(images, labels)

    @tf.function(jit_compile=True, autograph=False)
    def step(images, labels):
        return model.train_step((images, labels))

    assert "<=" not in step.experimental_get_compiler_ir(images, labels)(stage="hlo")
    assert np.isfinite(step(images, labels)["loss"])
