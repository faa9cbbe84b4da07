"""Reads an image of any format that Pillow opens as people see it: upright, 8-bit RGB, opaque."""

import ctypes
import functools
import importlib
import io
import logging
import os
import re
import stat
import threading
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageColor, UnidentifiedImageError, _imaging

from data.common.errors import UsageError
from data.common.formatting import format_size
from data.images.pixel_values import (
    DEEP_MODES,
    TIFF_BITS,
    MeaninglessValues,
    full_scale_bits,
    read_values,
    scale_to_bytes,
    tiff_tag,
)
from data.images.signatures import JPEG_START, PNG_START

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
# The box types of HEIC and HEIF files, at byte 4: ISO/IEC 23008-12, annex B.
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
# The place of the bit depth in a PNG: PNG, third edition, 11.2.1.
_PNG_DEPTH = 24
# An image of the largest size that Pillow opens, uncompressed with four channels, is smaller.
_MAX_FILE_BYTES = 1_000_000_000
# Details at the end of Pillow's messages, such as `(17 bytes not processed)`.
_DETAILS = re.compile(r"\s*\([^()]*\d[^()]*\)$")
# Pillow's plugins register themselves in global lists, through which other threads look.
_PREPARING = threading.Lock()


class UnreadableImage(Exception):
    """A file does not contain a readable image; the message is the reason."""


def read_file(path: str) -> bytes:
    """Returns the content of an image file.

    Raises:
      UnreadableImage: The file cannot be read, is not a regular file, or is larger than any image.
    """
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            # It raises an error with the reason if the folder cannot be read.
            os.listdir(path)
            raise UnreadableImage("a folder")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImage("not a regular file")
        if status.st_size > _MAX_FILE_BYTES:
            raise UnreadableImage(f"larger than {format_size(_MAX_FILE_BYTES)}")
        return Path(path).read_bytes()
    except OSError as error:
        raise UnreadableImage(error.strerror or str(error)) from error


def read_image(
    content: bytes, background: Colour = WHITE, smallest: int | None = None
) -> Image.Image:
    """Returns an image, upright, as 8-bit RGB.

    Args:
      content: A file in any format that Pillow reads; of an animation, the first frame is used.
      background: The colour on which transparent images are shown.
      smallest: The image may be returned at a smaller size, whose sides have at least this number
        of pixels; a large JPEG is then decoded several times faster. None: its full size.

    Raises:
      UnreadableImage: The content cannot be read or decoded.
    """
    try:
        with open_image(content) as image:
            if smallest:
                # Only decoders that can reduce an image while they read it do anything.
                image.draft(None, (smallest, smallest))
            image.load()
            return _turn_upright(_make_rgb(image, content, background), image, content)
    except UnidentifiedImageError as error:
        raise UnreadableImage(_unidentified(content)) from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too many pixels") from error
    except MeaninglessValues as error:
        raise UnreadableImage(str(error)) from error
    # Pillow's plugins raise many kinds of errors for damaged images.
    except Exception as error:
        reason = _DETAILS.sub("", str(error)) or type(error).__name__
        raise UnreadableImage(f"corrupt image: {reason}") from error


def open_image(content: bytes) -> Image.Image:
    """Returns an image whose header is read and whose pixels are not.

    Args:
      content: A file in any format that Pillow reads; EPS is none, because it runs programs.

    Raises:
      Exception: Pillow's plugins raise many kinds of errors for damaged headers.
    """
    _prepare_pillow()
    return Image.open(io.BytesIO(content), formats=_formats())


def parse_colour(text: str) -> Colour:
    """Returns the colour that a name such as `black`, or `#rrggbb`, stands for.

    Raises:
      UsageError: The text does not name an opaque colour.
    """
    try:
        red, green, blue, *opacity = ImageColor.getrgb(text)
        if opacity:
            raise ValueError("the colour is not opaque")
    except ValueError as error:
        raise UsageError(
            f"--background must be the name of a colour, such as white, or #rrggbb; got {text!r}"
        ) from error
    return red, green, blue


@functools.cache
def _prepare_pillow() -> None:
    """Loads Pillow's plugins, also that for HEIC if it is installed, and silences them."""
    with _PREPARING:
        # Whatever is wrong with an image is a reason to leave it out, or it does not matter.
        warnings.filterwarnings("ignore", module=r"PIL\.|pillow_heif")
        logging.getLogger("PIL").setLevel(logging.CRITICAL)
        _silence_libtiff()
        Image.init()
        try:
            importlib.import_module("pillow_heif").register_heif_opener()
        except ImportError:
            return


def _silence_libtiff() -> None:
    """Keeps libtiff from writing each error to the standard error stream; Pillow raises them."""
    with suppress(OSError, AttributeError):
        # The libraries that Pillow's own links to are searched as well.
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


@functools.cache
def _formats() -> list[str]:
    """Returns all formats but EPS, for which Pillow would run Ghostscript on the file."""
    return [name for name in Image.ID if name != "EPS"]


def _unidentified(content: bytes) -> str:
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return "HEIC needs a package: pip install pillow-heif, or uv sync --extra heic"
    return "not an image that Pillow can read"


def _turn_upright(rgb: Image.Image, image: Image.Image, content: bytes) -> Image.Image:
    """Returns the pixels of an image, turned by its EXIF orientation."""
    if content.startswith((JPEG_START, PNG_START)):
        # The model's decoder reads the orientation of these formats with the same code. It is
        # imported here because other formats do not need TensorFlow.
        from data.images.exif import exif_orientation

        turn = _TURNS.get(exif_orientation(content))
    else:
        for key in _XMP:
            image.info.pop(key, None)
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return rgb if turn is None else rgb.transpose(turn)


def _make_rgb(image: Image.Image, content: bytes, background: Colour) -> Image.Image:
    if image.mode in DEEP_MODES:
        return _make_rgb_of_grey(image, background)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(image)
    if image.format == "PNG":
        _scale_transparent_colour(image, content[_PNG_DEPTH])
    if not image.has_transparency_data:
        return _check_not_black(image.convert("RGB"), image, content)
    opaque = Image.new("RGBA", image.size, background)
    rgb = Image.alpha_composite(opaque, image.convert("RGBA")).convert("RGB")
    return _check_not_black(rgb, image, content)


def _make_rgb_of_grey(image: Image.Image, background: Colour) -> Image.Image:
    values = read_values(image)
    grey = scale_to_bytes(values, full_scale_bits(image))
    rgb = np.repeat(grey[..., None], 3, axis=-1)
    rgb[values == image.info.get("transparency")] = background
    return Image.fromarray(rgb)


def _scale_transparent_colour(image: Image.Image, depth: int) -> None:
    """Scales the transparent colour of a PNG, which Pillow gives as stored, like its pixels."""
    stored = image.info.get("transparency")
    if image.mode == "L" and depth < 8 and isinstance(stored, int):
        image.info["transparency"] = stored * 255 // (2**depth - 1)
    elif image.mode == "RGB" and depth == 16 and isinstance(stored, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in stored)


def _check_not_black(rgb: Image.Image, image: Image.Image, content: bytes) -> Image.Image:
    """Raises MeaninglessValues if an image is black and only the highest 8 of 16 bits are known."""
    bits = content[_PNG_DEPTH] if image.format == "PNG" else tiff_tag(image, TIFF_BITS, 8)
    if bits == 16 and rgb.getbbox() is None:
        raise MeaninglessValues(
            "the image would be black: the highest 8 of 16 bits are zero, and Pillow cannot read "
            "the others"
        )
    return rgb
