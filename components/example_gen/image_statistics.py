"""How an image looks, in the numbers by which one span of data is compared with another."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

# Networks see images of about this size: finer detail than theirs does not count as sharp.
_SIDE = 256
# ITU-R BT.601.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class ImageStatistics:
    """What is measured of one image.

    Attributes:
      width: in pixels.
      height: in pixels.
      brightness: mean luma, 0 to 1.
      sharpness: decimal logarithm of 1 + the variance of the luma's Laplacian (luma 0 to 255), of
        the image averaged down to less than 512 px a side, unless it is narrow.
        Reference: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a
        comparative study", ICPR 2000.
    """

    width: int
    height: int
    brightness: float
    sharpness: float


def measure_image(image: np.ndarray) -> ImageStatistics:
    """Returns what is measured of an image, uint8 [height, width, 3], at least 3 px a side."""
    height, width, _ = image.shape
    luma = _averaged(image) @ _LUMA
    across = np.diff(luma, n=2, axis=1)[1:-1]
    down = np.diff(luma, n=2, axis=0)[:, 1:-1]
    sharpness = np.log10(1 + np.var(across + down, dtype=np.float64))
    return ImageStatistics(width, height, float(luma.mean()) / 255, float(sharpness))


def _averaged(image: np.ndarray) -> np.ndarray:
    """Returns an image as float32 [h, w, 3], averaged down to less than 512 px a side."""
    sides = image.shape[:2]
    # Of a narrow one at least 3 rows are left.
    factor = min(max(sides) // _SIDE, min(sides) // 3)
    if factor > 1:
        image = np.asarray(Image.fromarray(image).reduce(factor))
    return image.astype(np.float32)
