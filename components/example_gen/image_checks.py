"""Checks that an encoded image is valid and that the model sees it as people do."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

from components.transform.decoding import decode_rgb
from data.image_formats import MIN_SIDE, is_decodable, is_unambiguous
from data.image_reading import UnreadableImage, read_image

# The mean difference of JPEG decoders is about 1 of 255, that of grey pixels instead of colours
# tens.
_MAX_DIFFERENCE = 8
_CORRUPT = "the image is truncated or corrupt"
_decode = tf.function(decode_rgb, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


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
        raise InvalidImage(f"the image is a {header.format}; it must be a JPEG, PNG, GIF or BMP")
    width, height = header.size
    if width * height > max_pixels:
        raise InvalidImage(f"more pixels than data.max_pixels allows ({max_pixels:,})")
    if min(width, height) < MIN_SIDE:
        raise InvalidImage(f"smaller than {MIN_SIDE} px per side")
    if header.format == "GIF" and "transparency" in header.info:
        raise InvalidImage("a transparent GIF, whose background the model sees in black")
    try:
        pixels: np.ndarray = _decode(tf.constant(content)).numpy()
    # TensorFlow's message may quote the image, which Python cannot decode as text.
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        raise InvalidImage(_CORRUPT) from error
    if not is_unambiguous(header):
        _compare_with_import(content, pixels, f"{header.format} of mode {header.mode}")
    return pixels


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


def _compare_with_import(content: bytes, pixels: np.ndarray, kind: str) -> None:
    """Raises InvalidImage if `flowers data import` would read other pixels."""
    try:
        expected = np.asarray(read_image(content))
    except UnreadableImage as error:
        raise InvalidImage(str(error)) from error
    if expected.shape == pixels.shape:
        difference = np.abs(expected.astype(np.int16) - pixels).mean()
        if difference <= _MAX_DIFFERENCE:
            return
    raise InvalidImage(f"TensorFlow decodes this {kind} to other colours than image viewers")
