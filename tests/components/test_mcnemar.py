import pytest

from components.mcnemar import mcnemar_p_value


def test_models_that_never_differ_are_equally_good():
    assert mcnemar_p_value(0, 0) == 1


def test_one_different_image_says_nothing():
    assert mcnemar_p_value(1, 0) == 1


def test_the_p_value_is_that_of_the_sign_test():
    # Two tails of six heads or none in six throws.
    assert mcnemar_p_value(6, 0) == mcnemar_p_value(0, 6) == pytest.approx(2 / 2**6)


def test_an_even_split_of_many_images_is_no_difference():
    assert mcnemar_p_value(50, 50) == pytest.approx(1)
