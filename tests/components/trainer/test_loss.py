import numpy as np
import pytest
import tensorflow as tf

from components.trainer.loss import TrainingTargets, balanced_weights, cross_entropy
from components.trainer.models.classifier import Classifier, pixels, probabilities

LABELS = np.array([0, 2, 1, 2])
OUTPUTS = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.8, 0.1], [0.6, 0.2, 0.2]], np.float32)
EXPECTED = -np.log(OUTPUTS[np.arange(4), LABELS])


@pytest.mark.parametrize("kind", [np.int64, np.int32])
@pytest.mark.parametrize("shape", [[4], [4, 1]])
def test_labels_may_be_ids_of_classes(kind, shape):
    labels = tf.constant(LABELS.reshape(shape), kind)
    loss = cross_entropy(labels, tf.constant(OUTPUTS))
    assert loss.shape == [4]
    np.testing.assert_allclose(loss, EXPECTED, rtol=1e-5)


def test_labels_may_be_a_probability_for_each_class():
    soft = np.eye(3, dtype=np.float32)[LABELS]
    np.testing.assert_allclose(cross_entropy(tf.constant(soft), OUTPUTS), EXPECTED, rtol=1e-5)
    mixed = tf.constant([[0.25, 0.75, 0]] * 4)
    expected = -(0.25 * np.log(OUTPUTS[:, 0]) + 0.75 * np.log(OUTPUTS[:, 1]))
    np.testing.assert_allclose(cross_entropy(mixed, OUTPUTS), expected, rtol=1e-5)


def test_smoothed_labels_keep_their_sum():
    targets, weights = TrainingTargets(3, 0.3, None)(tf.constant([1], tf.int64))
    np.testing.assert_allclose(targets, [[0.1, 0.8, 0.1]], rtol=1e-6)
    assert weights is None
    targets, _ = TrainingTargets(3, 0.3, None)(tf.constant([[0.5, 0.5, 0.0]]))
    np.testing.assert_allclose(targets, [[0.45, 0.45, 0.1]], rtol=1e-6)


def test_balanced_weights_make_all_classes_count_the_same():
    counts = np.array([1, 3, 6])
    weights = balanced_weights(counts)
    np.testing.assert_allclose(weights * counts, [10 / 3] * 3, rtol=1e-6)
    assert np.average(weights, weights=counts) == pytest.approx(1)
    # A class without examples changes nothing.
    np.testing.assert_allclose(balanced_weights(np.array([1, 3, 0, 6]))[[0, 1, 3]], weights)


def test_the_weight_of_a_mixed_label_is_the_mean_of_its_classes():
    targets = TrainingTargets(2, 0.0, np.array([1.0, 3.0], np.float32))
    _, weights = targets(tf.constant([[1.0, 0.0], [0.25, 0.75]]))
    np.testing.assert_allclose(weights, [1.0, 2.5])


@pytest.fixture
def model():
    tf.keras.utils.set_random_seed(0)
    image, x = pixels(4)
    model = Classifier(image, probabilities(tf.keras.layers.Flatten()(x), 3))
    model.targets = TrainingTargets(3, 0.3, np.array([0.5, 2.0, 1.0], np.float32))
    model.compile("sgd", cross_entropy, weighted_metrics=["accuracy"])
    return model


def test_a_training_step_smooths_and_weights_its_loss_but_not_its_accuracy(model):
    images = np.random.default_rng(0).integers(256, size=[4, 4, 4, 3], dtype=np.uint8)
    outputs = np.log(model.predict(images, verbose=0))
    smooth = 0.7 * np.eye(3)[LABELS] + 0.1
    losses = -(smooth * outputs).sum(-1) * np.array([0.5, 2.0, 1.0])[LABELS]
    accuracy = (outputs.argmax(-1) == LABELS).mean()
    plain = -outputs[np.arange(4), LABELS].mean()
    # Validation compares recipes, so its loss is the plain one.
    assert model.test_on_batch(images, LABELS) == pytest.approx([plain, accuracy], rel=1e-5)
    model.reset_metrics()
    assert model.train_on_batch(images, LABELS) == pytest.approx(
        [losses.mean(), accuracy], rel=1e-5
    )
