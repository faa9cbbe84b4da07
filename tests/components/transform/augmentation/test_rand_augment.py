import numpy as np
import pytest
import tensorflow as tf

from components.transform.augmentation.rand_augment import rand_augment

CHANGES = 12


@pytest.fixture
def image(make_image):
    return tf.constant(make_image(0, 32, 32) / 255, tf.float32)


def applied(image, index, magnitude, second=0.9):
    random = tf.constant([(index + 0.5) / CHANGES, second])
    return rand_augment(image, random, changes=1, magnitude=magnitude).numpy()


def test_all_changes_but_the_identity_change_the_image_each_in_its_way(image):
    results = [applied(image, index, 0.9) for index in range(CHANGES)]
    assert np.array_equal(results[0], image)
    assert len({result.tobytes() for result in results}) == CHANGES


def test_a_larger_magnitude_changes_more(image):
    for index in range(1, CHANGES):
        small, large = (np.abs(applied(image, index, m) - image).mean() for m in (0.1, 0.9))
        assert small < large, index


def test_half_of_the_draws_go_in_the_other_direction(image):
    brighter, darker = applied(image, 6, 0.5), applied(image, 6, 0.5, second=0.1)
    assert brighter.mean() > image.numpy().mean() > darker.mean()


def test_several_changes_are_applied_one_after_the_other(image):
    random = tf.constant([6.5 / CHANGES, 0.9, 11.5 / CHANGES, 0.9])
    both = rand_augment(image, random, changes=2, magnitude=0.3).numpy()
    brighter = tf.constant(applied(image, 6, 0.3))
    assert np.array_equal(both, applied(brighter, 11, 0.3))
