"""Checks that an encoded image is valid and that the model sees it as people do."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

from components.transform.decoding import decode_bytes
from data.images.formats import is_unambiguous
from data.images.limits import MIN_SIDE
from data.images.reading import UnreadableImage, read_image
from data.images.signatures import is_decodable

# JPEG decoders differ by about 1 of 255 on average, and grey pixels from coloured ones by tens.
_MAX_DIFFERENCE = 8
_CORRUPT = "the image is truncated or corrupt"


class InvalidImage(Exception):
    """The image must not be trained on; the message is the reason."""


def check_image(content: bytes, max_pixels: int) -> np.ndarray:
    """Returns the pixels that the model sees, uint8 [height, width, 3], after checking an image.

    Raises:
      InvalidImage: The image is invalid; the message is the reason.
    """
    if not content:
        raise InvalidImage("the image has no bytes")
    header = _read_header(content, max_pixels)
    if not is_decodable(content):
        raise InvalidImage(f"the image is of format {header.format}, not JPEG, PNG, GIF or BMP")
    width, height = header.size
    if width * height > max_pixels:
        raise InvalidImage(f"more pixels than data.max_pixels allows ({max_pixels:,})")
    if min(width, height) < MIN_SIDE:
        raise InvalidImage(f"smaller than {MIN_SIDE} px per side")
    if header.format == "GIF" and "transparency" in header.info:
        raise InvalidImage("a transparent GIF, whose background the model sees in black")
    if is_unambiguous(header):
        return _decode(content)
    return _check_ambiguous(content, f"{header.format} of mode {header.mode}")


def _read_header(content: bytes, max_pixels: int) -> Image.Image:
    """Returns an image whose pixels are not read."""
    try:
        with Image.open(io.BytesIO(content)) as header:
            return header
    except UnidentifiedImageError as error:
        raise InvalidImage("not an image") from error
    except Image.DecompressionBombError as error:
        raise InvalidImage(f"more pixels than data.max_pixels allows ({max_pixels:,})") from error
    # Pillow's plugins raise many kinds of errors for damaged headers.
    except Exception as error:
        raise InvalidImage(_CORRUPT) from error


def _decode(content: bytes) -> np.ndarray:
    try:
        return decode_bytes(content)
    # TensorFlow's message may quote the image, which Python cannot decode as text.
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        raise InvalidImage(_CORRUPT) from error


def _check_ambiguous(content: bytes, kind: str) -> np.ndarray:
    """Returns the pixels of an image if `flowers data import` reads about the same ones."""
    try:
        expected = np.asarray(read_image(content)).astype(np.int16)
    except UnreadableImage as error:
        # An image that no decoder reads is reported like others.
        _decode(content)
        raise InvalidImage(str(error)) from error
    try:
        pixels = _decode(content)
    except InvalidImage as error:
        raise InvalidImage(f"TensorFlow cannot decode this {kind}") from error
    if expected.shape != pixels.shape or np.abs(expected - pixels).mean() > _MAX_DIFFERENCE:
        raise InvalidImage(f"TensorFlow decodes this {kind} to other colours than image viewers")
    return pixels
