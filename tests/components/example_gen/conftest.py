"""A picture to check."""

from collections.abc import Callable

import pytest
from PIL import Image


@pytest.fixture
def picture(make_image: Callable) -> Image.Image:
    """A picture of 60 x 40 pixels."""
    return Image.fromarray(make_image(1, 40, 60))
