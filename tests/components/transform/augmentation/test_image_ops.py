import numpy as np
import pytest
import tensorflow as tf

from components.transform.augmentation.image_ops import augment
from components.transform.augmentation.ops import OPS, ImageOp
from components.transform.augmentation.presets import PRESETS
from components.transform.augmentation.setting import parse_augmentation
from components.transform.images import round_pixels, to_float

NAMES = [name for name, kind in OPS.items() if issubclass(kind, ImageOp)]
NO_CHANGE = [
    {"flip_left_right": 0},
    {"saturation": [1, 1]},
    {"random_resized_crop": {"area": [1, 1], "aspect": [1, 1]}},
    {"rotation": 0},
    {"brightness": 0},
    {"contrast": [1, 1]},
    {"hue": 0},
    {"blur": 0},
    {"random_erasing": {"probability": 0}},
    {"rand_augment": {"changes": 4, "magnitude": 0}},
]


def augmented(image, value, count=40, seed=1):
    """Returns `count` draws of an augmentation of an image, in a graph as in a training."""
    ops = parse_augmentation(value).image_ops
    seeds = tf.data.Dataset.range(count).map(lambda n: tf.stack([tf.constant(seed, tf.int64), n]))
    return list(seeds.map(lambda each: augment(image, each, ops)).as_numpy_iterator())


@pytest.fixture
def image(make_image):
    return make_image(0, 48, 48)


@pytest.mark.parametrize("value", [*([name] for name in NAMES), *PRESETS])
def test_an_op_gives_bytes_of_the_same_shape_that_a_seed_repeats(image, value):
    draws = augmented(image, value, 20)
    assert {(one.dtype.name, one.shape) for one in draws} == {("uint8", (48, 48, 3))}
    assert len({one.tobytes() for one in draws}) > 1
    assert any(not np.array_equal(one, image) for one in draws)
    for one, again in zip(draws, augmented(image, value, 20), strict=True):
        assert np.array_equal(one, again)
    others = augmented(image, value, 20, seed=2)
    assert any(not np.array_equal(a, b) for a, b in zip(draws, others, strict=True))


@pytest.mark.parametrize("op", NO_CHANGE, ids=lambda op: next(iter(op)))
def test_an_op_without_strength_changes_nothing(image, op):
    for one in augmented(image, [op], 10):
        # Bilinear sampling at a pixel's center, and conversions of colors, round.
        assert np.abs(one.astype(int) - image).max() <= 1


def test_no_ops_change_nothing(image):
    assert all(np.array_equal(one, image) for one in augmented(image, [], 5))


def test_the_codelab_draws_what_it_has_always_drawn(image):
    for position, one in enumerate(augmented(image, "codelab")):
        seed = tf.constant([1, position], tf.int64)
        flipped = tf.image.stateless_random_flip_left_right(image, seed)
        expected = tf.image.stateless_random_saturation(to_float(flipped), 0.0, 2.0, seed + 1)
        assert np.array_equal(one, round_pixels(expected * 255.0))


def test_another_op_does_not_change_what_an_op_draws(image):
    pairs = zip(augmented(image, ["flip_left_right"]),
                augmented(image, [{"hue": 0}, "flip_left_right"]), strict=True)  # fmt: skip
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in pairs)


def test_half_of_the_images_are_mirrored(image):
    draws = augmented(image, ["flip_left_right"])
    mirrored = sum(np.array_equal(one, image[:, ::-1]) for one in draws)
    assert mirrored + sum(np.array_equal(one, image) for one in draws) == 40
    assert 10 <= mirrored <= 30


def test_saturation_ranges_from_gray_to_vivid(image):
    spread = [np.ptp(one, axis=-1).mean() for one in augmented(image, [{"saturation": [0, 2]}])]
    assert min(spread) < 0.3 * np.ptp(image, axis=-1).mean() < max(spread)


def test_brightness_moves_all_pixels_by_up_to_the_given_share(image):
    gray = np.full_like(image, 128)
    moved = [one.astype(int) - 128 for one in augmented(gray, [{"brightness": 0.2}])]
    assert all(np.ptp(each) == 0 for each in moved)
    amounts = [each.max() for each in moved]
    assert -51 <= min(amounts) < -30
    assert 30 < max(amounts) <= 51


def test_contrast_keeps_the_mean_and_changes_the_spread(image):
    middle = (image // 2 + 64).astype(np.uint8)
    draws = augmented(middle, [{"contrast": [0.5, 1.5]}])
    spreads = [one.std() / middle.std() for one in draws]
    assert all(abs(one.mean() - middle.mean()) < 1 for one in draws)
    assert 0.5 <= min(spreads) < 0.8
    assert 1.2 < max(spreads) <= 1.55


def test_hue_keeps_gray_and_turns_colors_a_little(image):
    gray = np.full_like(image, 90)
    assert all(np.array_equal(one, gray) for one in augmented(gray, ["hue"], 5))
    red = np.zeros_like(image)
    red[..., 0] = 200
    draws = augmented(red, [{"hue": 0.05}])
    assert all(one[..., 0].min() == 200 for one in draws)
    most = max(one[..., 1:].max() for one in draws)
    # A sixth of the circle is yellow.
    assert 20 < most <= 200 * 0.05 * 6 + 1


def sides_of_crops(crop):
    """Returns width and height of each crop as shares of the sides of the image."""
    y, x = np.mgrid[0:240:48j, 0:240:48j]
    grid = np.stack([x, y, 0 * x], -1).astype(np.uint8)
    draws = augmented(grid, [{"random_resized_crop": crop}])
    return np.ptp(np.stack(draws), axis=(1, 2))[:, :2] / 240


def test_a_crop_is_enlarged_and_has_the_requested_area_and_aspect():
    sides = sides_of_crops({"area": [0.25, 0.49], "aspect": [0.5, 2]})
    areas, aspects = sides.prod(1), sides[:, 0] / sides[:, 1]
    assert 0.22 < min(areas) < 0.3
    assert 0.43 < max(areas) < 0.52
    assert 0.45 < min(aspects) < 0.75
    assert 1.33 < max(aspects) < 2.2


def test_a_crop_that_would_be_wider_than_the_image_ends_at_its_border():
    sides = sides_of_crops({"area": [1, 1], "aspect": [0.5, 0.5]})
    assert sides == pytest.approx(np.tile([0.5**0.5, 1], [40, 1]), abs=0.01)


def test_erasing_hides_a_rectangle_in_a_share_of_the_images(image):
    erasing = {"random_erasing": {"probability": 0.5, "area": [0.1, 0.2]}}
    draws = augmented(image, [erasing])
    hidden = [np.any(one != image, -1).mean() for one in draws]
    changed = [share for share in hidden if share]
    assert 10 <= len(changed) <= 30
    assert 0.05 < min(changed) < max(changed) < 0.25
    one = draws[int(np.argmax(hidden))]
    assert np.abs(one[np.any(one != image, -1)] - image.mean((0, 1))).max() <= 1


def test_jpeg_of_low_quality_loses_more(image):
    noise = np.random.default_rng(0).integers(256, size=image.shape, dtype=np.uint8)

    def loss(low, high):
        draws = augmented(noise, [{"jpeg": [low, high]}], 5)
        return np.mean([np.abs(one.astype(int) - noise).mean() for one in draws])

    assert loss(5, 10) > loss(60, 70) > 0


def test_blur_reduces_the_differences_of_neighbours_by_up_to_sigma(image):
    noise = np.random.default_rng(0).integers(256, size=image.shape, dtype=np.uint8)
    spreads = [one.std() / noise.std() for one in augmented(noise, [{"blur": 4.0}])]
    # A Gaussian of 1.92 pixels leaves a share of 1 / (2 sqrt(pi) sigma) = 0.147.
    assert min(spreads) == pytest.approx(0.15, abs=0.02)
    assert max(spreads) > 0.8


def test_rotation_turns_in_both_directions_and_mirrors_the_border(image):
    bar = np.zeros_like(image)
    bar[20:28] = 255
    draws = augmented(bar, [{"rotation": 30}])
    slopes = [
        np.polyfit(np.arange(8, 40), (one[:, 8:40, 0] * np.arange(48)[:, None]).sum(0)
                   / np.maximum(one[:, 8:40, 0].sum(0), 1), 1)[0] for one in draws
    ]  # fmt: skip
    degrees = np.degrees(np.arctan(slopes))
    assert -31 < degrees.min() < -20
    assert 20 < degrees.max() < 31
    white = np.full_like(image, 255)
    assert all(one.min() == 255 for one in augmented(white, [{"rotation": 45}], 5))
