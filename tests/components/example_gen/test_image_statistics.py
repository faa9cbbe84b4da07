import dataclasses
import random

import numpy as np
import pytest
from PIL import Image, ImageFilter

from components.example_gen.image_statistics import measure_image
from data.synthetic import draw_flower


@pytest.fixture
def flower():
    return np.asarray(draw_flower("daisy", random.Random(7), 96))


def test_size_and_brightness_are_those_of_the_image(flower):
    statistics = measure_image(flower)
    assert (statistics.height, statistics.width) == flower.shape[:2]
    assert statistics.brightness == pytest.approx(
        np.asarray(Image.fromarray(flower).convert("L")).mean() / 255, abs=0.01
    )
    darker = measure_image((flower * 0.5).astype(np.uint8))
    assert darker.brightness == pytest.approx(statistics.brightness / 2, abs=0.01)


def test_a_blurred_image_is_less_sharp(flower):
    blurred = np.asarray(Image.fromarray(flower).filter(ImageFilter.GaussianBlur(2)))
    assert measure_image(blurred).sharpness < measure_image(flower).sharpness - 0.5
    assert measure_image(np.full([50, 40, 3], 200, np.uint8)).sharpness == pytest.approx(
        0, abs=1e-4
    )


def test_a_large_image_is_measured_at_the_size_that_a_network_sees(flower):
    large = np.asarray(Image.fromarray(flower).resize((2880, 2880), Image.Resampling.NEAREST))
    assert measure_image(large).width == 2880
    assert measure_image(large).sharpness < measure_image(flower).sharpness


@pytest.mark.parametrize("shape", [(8, 8), (8, 5000), (5000, 9), (511, 512)])
def test_images_of_any_shape_have_finite_statistics(shape):
    noise = np.random.default_rng(1).integers(0, 256, [*shape, 3], np.uint8)
    assert np.isfinite(list(dataclasses.astuple(measure_image(noise)))).all()
    assert measure_image(noise).sharpness > 1
