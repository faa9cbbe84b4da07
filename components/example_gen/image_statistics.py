"""Measures the statistics of an image by which spans of data are compared."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

# About the input size of the networks: finer detail does not count as sharpness.
_SIDE = 256
# ITU-R BT.601.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class ImageStatistics:
    """The statistics of one image.

    Attributes:
      width: Width in pixels.
      height: Height in pixels.
      brightness: Mean luma, 0 to 1.
      sharpness: Decimal logarithm of 1 + the variance of the Laplacian of the luma (0 to 255),
        after averaging the image down to less than 512 px per side, unless it is narrow.
        Reference: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a
        comparative study", ICPR 2000.
    """

    width: int
    height: int
    brightness: float
    sharpness: float


def measure_image(image: np.ndarray) -> ImageStatistics:
    """Returns the statistics of an image, uint8 [height, width, 3], at least 3 px per side."""
    height, width, _ = image.shape
    luma = _average_down(image) @ _LUMA
    across = np.diff(luma, n=2, axis=1)[1:-1]
    down = np.diff(luma, n=2, axis=0)[:, 1:-1]
    sharpness = np.log10(1 + np.var(across + down, dtype=np.float64))
    return ImageStatistics(width, height, float(luma.mean()) / 255, float(sharpness))


def _average_down(image: np.ndarray) -> np.ndarray:
    """Returns an image as float32 [h, w, 3], averaged down to less than 512 px per side."""
    sides = image.shape[:2]
    # At least 3 px remain per side.
    factor = min(max(sides) // _SIDE, min(sides) // 3)
    if factor > 1:
        image = np.asarray(Image.fromarray(image).reduce(factor))
    return image.astype(np.float32)
