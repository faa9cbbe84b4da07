import numpy as np
import pytest
import tensorflow as tf

from components.trainer.models import build_model
from components.trainer.models.classifier import Classifier, pixels, probabilities
from components.trainer.optimizer import AdamW, rate_factors
from tests.components.trainer.test_models import BY_NAME

# The last part of the name of each trainable variable that decays, and of each that does not.
KERNELS = {"kernel", "depthwise_kernel", "pointwise_kernel"}
VECTORS = {"bias", "gamma", "beta"}


def constant(rate):
    """A schedule, as a training has one."""
    return tf.keras.optimizers.schedules.PiecewiseConstantDecay([10**6], [rate, rate])


@pytest.fixture
def make_network():
    """Returns a function that builds a small network with BatchNormalization, always the same."""

    def make():
        tf.keras.utils.set_random_seed(0)
        image, x = pixels(4)
        x = tf.keras.layers.BatchNormalization()(tf.keras.layers.Conv2D(3, 3)(x))
        return Classifier(image, probabilities(tf.keras.layers.Flatten()(x), 2))

    return make


def after_steps(model, optimizer, scales=(1.0, 1.0, 1.0)):
    """Returns the trainable weights after a step for each scale of the same random gradients."""
    optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=v.shape).astype(np.float32) for v in model.trainable_variables]
    for scale in scales:
        scaled = [tf.constant(gradient * np.float32(scale)) for gradient in gradients]
        optimizer.apply_gradients(zip(scaled, model.trainable_variables, strict=True))
    return [variable.numpy() for variable in model.trainable_variables]


def ones(model):
    return rate_factors(model, 1.0)


def test_without_any_of_its_settings_it_is_adam(make_network):
    first, second = make_network(), make_network()
    expected = after_steps(first, tf.keras.optimizers.Adam(constant(0.01)))
    weights = after_steps(second, AdamW(constant(0.01), ones(second)))
    for weight, other in zip(expected, weights, strict=True):
        assert np.array_equal(weight, other)


@BY_NAME
def test_kernels_of_all_networks_decay_with_the_learning_rate_and_nothing_else_does(
    settings, size, parameters
):
    model = build_model(settings, size, 5)
    variables = model.trainable_variables
    for variable in variables:
        variable.assign(tf.ones_like(variable))
    optimizer = AdamW(constant(0.5), ones(model), weight_decay=0.02)
    optimizer.build(variables)
    # With zero gradients, nothing but the decay changes a variable.
    optimizer.apply_gradients([(tf.zeros_like(v), v) for v in variables])
    found = {"decayed": set(), "kept": set()}
    for variable in variables:
        value = variable.numpy()
        decayed = np.allclose(value, 1 - 0.5 * 0.02, rtol=1e-6)
        assert decayed or np.all(value == 1)
        kind = variable.name.split("/")[-1].split(":")[0]
        found["decayed" if decayed else "kept"].add(kind)
    assert found["decayed"] <= KERNELS
    assert found["kept"] <= VECTORS


def test_a_step_shrinks_the_weights_of_before_it(make_network):
    """The decay is not part of the gradient, which Adam would normalize."""
    first, second = make_network(), make_network()
    start = [variable.numpy() for variable in first.trainable_variables]
    plain = after_steps(first, AdamW(constant(0.1), ones(first)), scales=[1.0])
    decayed = after_steps(second, AdamW(constant(0.1), ones(second), 0.3), scales=[1.0])
    for before, without, weight in zip(start, plain, decayed, strict=True):
        decay = 0.3 if before.ndim > 1 else 0.0
        np.testing.assert_allclose(weight, without - 0.1 * decay * before, atol=1e-7)


def test_a_factor_scales_update_and_decay_of_the_body_but_not_of_the_last_layer(make_network):
    first, second = make_network(), make_network()
    start = [variable.numpy() for variable in first.trainable_variables]
    whole = after_steps(first, AdamW(constant(0.01), ones(first), 0.5), scales=[1.0])
    factors = rate_factors(second, 0.1)
    part = after_steps(second, AdamW(constant(0.01), factors, 0.5), scales=[1.0])
    assert factors == [pytest.approx(0.1)] * 4 + [1.0] * 2
    for factor, before, far, near in zip(factors, start, whole, part, strict=True):
        np.testing.assert_allclose(near - before, factor * (far - before), atol=1e-7)


def test_gradients_are_clipped_to_one_norm_of_all_of_them(make_network):
    """A huge gradient would otherwise make Adam's next steps tiny."""
    first, second = make_network(), make_network()
    rng = np.random.default_rng(0)
    norm = np.linalg.norm(
        np.concatenate([rng.normal(size=v.shape).ravel() for v in first.trainable_variables])
    )
    expected = after_steps(first, AdamW(constant(0.1), ones(first)), [2 / norm, 0.5 / norm])
    clipped = AdamW(constant(0.1), ones(second), clip_norm=2.0)
    weights = after_steps(second, clipped, [1e4, 0.5 / norm])
    for weight, other in zip(expected, weights, strict=True):
        np.testing.assert_allclose(other, weight, rtol=1e-4, atol=1e-6)
