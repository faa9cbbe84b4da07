import numpy as np
import tensorflow as tf

from components.transform.augment import augment
from components.transform.images import to_float


def draws(image, count=40, **options):
    options = {"flip_left_right": False, "saturation": None} | options
    return [
        augment(image, tf.constant([1, place], tf.int64), **options).numpy()
        for place in range(count)
    ]


def test_half_of_the_images_are_mirrored(make_image):
    image = to_float(tf.constant(make_image()))
    mirrored = sum(
        np.array_equal(one, image[:, ::-1]) for one in draws(image, flip_left_right=True)
    )
    same = sum(np.array_equal(one, image) for one in draws(image, flip_left_right=True))
    assert mirrored + same == 40
    assert 10 <= mirrored <= 30


def test_saturation_reaches_from_grey_to_vivid_and_stays_in_range(make_image):
    image = to_float(tf.constant(make_image()))
    spread = [np.ptp(one, axis=-1).mean() for one in draws(image, saturation=(0.0, 2.0))]
    assert min(spread) < 0.3 * np.ptp(image, axis=-1).mean() < max(spread)
    assert all(one.min() >= 0 and one.max() <= 1 for one in draws(image, saturation=(0.0, 2.0)))


def test_a_seed_repeats_the_change(make_image):
    image = to_float(tf.constant(make_image()))
    options = {"flip_left_right": True, "saturation": (0.0, 2.0)}
    for one, again in zip(draws(image, **options), draws(image, **options), strict=True):
        assert np.array_equal(one, again)


def test_nothing_asked_for_is_nothing_done(make_image):
    image = to_float(tf.constant(make_image()))
    assert all(np.array_equal(one, image) for one in draws(image))
