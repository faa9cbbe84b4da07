import numpy as np
import tensorflow as tf

from components.transform.augment import augment
from components.transform.images import to_float


def augmented(image, count=40, **changes):
    changes = {"flip_left_right": False, "saturation": None} | changes
    return [
        np.asarray(augment(image, tf.constant([1, position], tf.int64), **changes))
        for position in range(count)
    ]


def test_half_of_the_images_are_mirrored(make_image):
    image = make_image()
    mirrored = sum(
        np.array_equal(one, image[:, ::-1]) for one in augmented(image, flip_left_right=True)
    )
    same = sum(np.array_equal(one, image) for one in augmented(image, flip_left_right=True))
    assert mirrored + same == 40
    assert 10 <= mirrored <= 30


def test_saturation_ranges_from_gray_to_vivid(make_image):
    image = make_image()
    spread = [np.ptp(one, axis=-1).mean() for one in augmented(image, saturation=(0.0, 2.0))]
    assert min(spread) < 0.3 * np.ptp(image, axis=-1).mean() < max(spread)


def test_the_result_is_rounded_to_the_nearest(make_image):
    image = make_image()
    (changed,) = augmented(image, 1, saturation=(0.0, 2.0))
    exact = tf.image.stateless_random_saturation(to_float(image), 0.0, 2.0, seed=[2, 1]) * 255
    assert changed.dtype == np.uint8
    assert np.abs(changed - exact).max() <= 0.5 + 1e-4


def test_a_seed_repeats_the_change(make_image):
    image = make_image()
    changes = {"flip_left_right": True, "saturation": (0.0, 2.0)}
    for one, again in zip(augmented(image, **changes), augmented(image, **changes), strict=True):
        assert np.array_equal(one, again)


def test_without_changes_the_image_stays_the_same(make_image):
    image = make_image()
    assert all(np.array_equal(one, image) for one in augmented(image))
