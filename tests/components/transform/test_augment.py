import numpy as np
import tensorflow as tf

from components.transform.augment import augment
from components.transform.images import to_float


def augmented(image, count=40, **changes):
    changes = {"flip_left_right": False, "saturation": None} | changes
    return [
        augment(image, tf.constant([1, position], tf.int64), **changes).numpy()
        for position in range(count)
    ]


def test_half_of_the_images_are_mirrored(make_image):
    image = to_float(tf.constant(make_image()))
    mirrored = sum(
        np.array_equal(one, image[:, ::-1]) for one in augmented(image, flip_left_right=True)
    )
    same = sum(np.array_equal(one, image) for one in augmented(image, flip_left_right=True))
    assert mirrored + same == 40
    assert 10 <= mirrored <= 30


def test_saturation_ranges_from_gray_to_vivid_within_0_and_1(make_image):
    image = to_float(tf.constant(make_image()))
    spread = [np.ptp(one, axis=-1).mean() for one in augmented(image, saturation=(0.0, 2.0))]
    assert min(spread) < 0.3 * np.ptp(image, axis=-1).mean() < max(spread)
    assert all(one.min() >= 0 and one.max() <= 1 for one in augmented(image, saturation=(0.0, 2.0)))


def test_a_seed_repeats_the_change(make_image):
    image = to_float(tf.constant(make_image()))
    changes = {"flip_left_right": True, "saturation": (0.0, 2.0)}
    for one, again in zip(augmented(image, **changes), augmented(image, **changes), strict=True):
        assert np.array_equal(one, again)


def test_without_changes_the_image_stays_the_same(make_image):
    image = to_float(tf.constant(make_image()))
    assert all(np.array_equal(one, image) for one in augmented(image))
