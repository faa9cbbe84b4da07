import numpy as np
import pytest
import tensorflow as tf

from components.transform.augmentation.geometry import affine, crop_and_enlarge, rotate


@pytest.fixture
def image(make_image):
    return tf.constant(make_image(0, 32, 32))


def test_a_quarter_turn_is_exact(image):
    turned = rotate(image, tf.constant(90.0)).numpy() * 255
    assert np.abs(turned - np.rot90(image.numpy())).max() < 0.1


def test_a_shift_reads_from_there_and_mirrors_beyond_the_border(image):
    moved = affine(image, shift=(0.25, 0.0)).numpy() * 255
    assert moved[:, :24] == pytest.approx(image.numpy()[:, 8:], abs=0.1)
    assert moved[:, 24:] == pytest.approx(image.numpy()[:, :-9:-1], abs=0.1)


def test_the_corners_of_a_crop_are_the_corners_of_its_box(image):
    box = tf.constant([0.0, 0.0, 15 / 31, 15 / 31])
    crop = crop_and_enlarge(image, box).numpy() * 255
    assert crop[[0, 0, -1, -1], [0, -1, 0, -1]] == pytest.approx(
        image.numpy()[[0, 0, 15, 15], [0, 15, 0, 15]], abs=0.1
    )
