"""Reads an image of any format that Pillow opens as people see it: upright, 8-bit RGB, opaque."""

import functools
import importlib
import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from data.image_formats import JPEG_START, PNG_START

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)

# What to do with an image of an EXIF orientation: Exif 3.0, 4.5.4.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The keys under which Pillow keeps XMP, in which it also looks for an orientation.
_XMP = ("xmp", "XML:com.adobe.xmp")
# Full scales of values whose format has none: fractions, bytes, and 16-bit numbers.
_FULL_SCALES = (1.0, 255.0, 65_535.0)
# The box types of HEIC and HEIF files, at byte 4: ISO/IEC 23008-12, annex B.
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


class UnreadableImage(Exception):
    """A file does not contain a readable image; the message is the reason."""


def read_image(content: bytes, background: Colour = WHITE) -> Image.Image:
    """Returns an image at its full size, upright, as 8-bit RGB.

    Args:
      content: A file in any format that Pillow reads; of an animation, the first frame is used.
      background: The colour on which transparent images are shown.

    Raises:
      UnreadableImage: The content cannot be read or decoded.
    """
    _register_heic()
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            return _make_rgb(_turn_upright(image, content), background)
    except UnreadableImage:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableImage(_unidentified(content)) from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too many pixels") from error
    # Pillow's plugins raise many kinds of errors for damaged images.
    except Exception as error:
        raise UnreadableImage(f"corrupt image: {error or type(error).__name__}") from error


@functools.cache
def _register_heic() -> None:
    """Makes Pillow read HEIC if pillow-heif, which is optional, is installed."""
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return


def _unidentified(content: bytes) -> str:
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return "HEIC needs the package pillow-heif: uv sync --extra heic"
    return "not an image that Pillow can read"


def _turn_upright(image: Image.Image, content: bytes) -> Image.Image:
    if content.startswith((JPEG_START, PNG_START)):
        # The model's decoder reads the orientation of these formats with the same code. It is
        # imported here because other formats do not need TensorFlow.
        from data.exif import exif_orientation

        turn = _TURNS.get(exif_orientation(content))
        return image if turn is None else image.transpose(turn)
    for key in _XMP:
        image.info.pop(key, None)
    return ImageOps.exif_transpose(image)


def _make_rgb(image: Image.Image, background: Colour) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _make_rgb_of_16_bits(image, background)
    if image.mode in ("I", "F"):
        return Image.fromarray(_scale(np.asarray(image))).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    opaque = Image.new("RGBA", image.size, background)
    return Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")


def _make_rgb_of_16_bits(image: Image.Image, background: Colour) -> Image.Image:
    """Keeps the high byte of each value, as TensorFlow does."""
    values = np.asarray(image)
    grey = (values >> 8).astype(np.uint8)
    if values.any() and not grey.any():
        raise UnreadableImage("only the lowest 8 of 16 bits are used, so the image would be black")
    rgb = np.repeat(grey[..., None], 3, axis=-1)
    rgb[values == image.info.get("transparency")] = background
    return Image.fromarray(rgb)


def _scale(values: np.ndarray) -> np.ndarray:
    """Returns values of a format without a full scale as uint8 of the same shape."""
    if not np.isfinite(values).all():
        raise UnreadableImage("some values are infinite or not numbers")
    low, high = float(values.min()), float(values.max())
    black, white = next(
        ((0.0, scale) for scale in _FULL_SCALES if low >= 0 and high <= scale), (low, high)
    )
    if black == white:
        raise UnreadableImage("all values are the same, and the format has no full scale")
    scaled = np.rint((values.astype(np.float64) - black) * (255 / (white - black)))
    if values.any() and not scaled.any():
        raise UnreadableImage("the values are too small for 8 bits, so the image would be black")
    return scaled.astype(np.uint8)
