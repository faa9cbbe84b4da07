import numpy as np
import pytest
import tensorflow as tf

from components.trainer.loss import cross_entropy
from components.trainer.models.classifier import Classifier, pixels, probabilities
from components.trainer.moving_average import MovingAverage

DECAY = 0.3


def build():
    image, x = pixels(4)
    x = tf.keras.layers.BatchNormalization()(tf.keras.layers.Conv2D(3, 3)(x))
    # It has a counter, an integer that is never trained.
    x = tf.keras.layers.Normalization()(x)
    return Classifier(image, probabilities(tf.keras.layers.Flatten()(x), 2))


@pytest.fixture
def model():
    tf.keras.utils.set_random_seed(0)
    model = build()
    model.average = MovingAverage(model, build, DECAY)
    model.compile("adam", cross_entropy, weighted_metrics=["accuracy"])
    return model


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(256, size=[8, 4, 4, 3], dtype=np.uint8)


def test_each_step_moves_the_average_of_all_weights(model, images):
    labels = np.arange(8) % 2
    average = model.get_weights()
    for step in range(1, 21):
        model.train_on_batch(images, labels)
        part = max(1 - DECAY, 9 / (10 + step))
        average = [a - part * (a - w) for a, w in zip(average, model.get_weights(), strict=True)]
    names = [weight.name for weight in model.average.network.weights]
    assert any("moving_variance" in name for name in names)
    for expected, weight in zip(average, model.average.network.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-6)


def test_the_average_belongs_neither_to_the_weights_nor_to_what_is_trained(model):
    assert len(model.weights) == len(build().weights)
    assert len(model.trainable_variables) == len(build().trainable_variables)
    assert model.validated is model.average.network
    assert build().validated is not model


def test_validation_measures_the_average_and_changes_nothing(model, images):
    labels = np.arange(8) % 2
    for _ in range(3):
        model.train_on_batch(images, labels)
    trained = model.get_weights()
    outputs = model.average.network.predict(images, verbose=0)
    loss = -np.log(outputs[np.arange(8), labels]).mean()
    model.reset_metrics()
    assert model.test_on_batch(images, labels)[0] == pytest.approx(loss, rel=1e-5)
    for before, after in zip(trained, model.get_weights(), strict=True):
        assert np.array_equal(before, after)
