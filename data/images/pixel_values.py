"""Scales the values of grey images with more than 8 bits per pixel to 8 bits."""

import numpy as np
from PIL import Image

DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")

# Full scales of values whose format has none: fractions, bytes, and 16-bit numbers.
_FULL_SCALES = (1.0, 255.0, 65_535.0)
# Tags of TIFF 6.0: BitsPerSample and SampleFormat.
TIFF_BITS = 258
_TIFF_SAMPLE_FORMAT, _UNSIGNED = 339, 1


class MeaninglessValues(Exception):
    """No 8-bit image shows what the values mean; the message is the reason."""


def read_values(image: Image.Image) -> np.ndarray:
    """Returns the pixels of a grey image in one of `DEEP_MODES`, [height, width].

    Args:
      image: An image as Pillow opens it, whose format is known.
    """
    values = np.asarray(image)
    unsigned = tiff_tag(image, _TIFF_SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED
    if image.mode == "I" and unsigned and tiff_tag(image, TIFF_BITS, 0) == 32:
        # Pillow reads 32 unsigned bits as signed.
        return values.view(np.uint32)
    return values


def full_scale_bits(image: Image.Image) -> int | None:
    """Returns the number of bits of white if the format of a grey image says it, else None."""
    if image.mode.startswith("I;16"):
        # TIFF also has 12 bits.
        return tiff_tag(image, TIFF_BITS, 16)
    # Pillow scales the values of a PGM to 16 bits.
    return 16 if image.mode == "I" and image.format == "PPM" else None


def scale_to_bytes(values: np.ndarray, bits: int | None) -> np.ndarray:
    """Returns values as uint8 of the same shape.

    Of a number of bits, the highest 8 are kept, as TensorFlow does. Without it, the full scale of
    values from 0 on is the first of 1, 255 and 65,535 that none exceeds; other values are stretched
    from the lowest to the highest.

    Raises:
      MeaninglessValues: The values are not finite or have no scale, or the image would be black
        although the values are not.
    """
    scaled = _stretch(values) if bits is None else np.asarray(values >> (bits - 8))
    if values.any() and not scaled.any():
        raise MeaninglessValues(
            "the values are so small compared with the full scale that the image would be black"
        )
    return scaled.astype(np.uint8)


def _stretch(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise MeaninglessValues("some values are infinite or not numbers")
    low, high = float(values.min()), float(values.max())
    black, white = next(
        ((0.0, scale) for scale in _FULL_SCALES if low >= 0 and high <= scale), (low, high)
    )
    if black == white:
        raise MeaninglessValues("all values are the same, and the format has no full scale")
    return np.rint((values.astype(np.float64) - black) * (255 / (white - black)))


def tiff_tag(image: Image.Image, number: int, default: int) -> int:
    """Returns the first value of a tag of a TIFF; `default` without the tag or a TIFF."""
    value = getattr(image, "tag_v2", {}).get(number, default)
    return int(value[0] if isinstance(value, tuple) else value)
