"""The image formats that the model's decoder reads, and those that all decoders read alike."""

import io

from PIL import Image

# The first bytes of each format.
JPEG_START = b"\xff\xd8\xff"
PNG_START = b"\x89PNG\r\n\x1a\n"
GIF_START = b"GIF8"
BMP_START = b"BM"

_UNAMBIGUOUS = {
    "JPEG": ("L", "RGB"),
    "MPO": ("L", "RGB"),
    "PNG": ("L", "LA", "RGB", "RGBA"),
}


def is_decodable(content: bytes) -> bool:
    """Returns whether the model decodes the format of an encoded image, by its first bytes."""
    return content.startswith((JPEG_START, PNG_START, GIF_START, BMP_START))


def is_unambiguous(header: Image.Image) -> bool:
    """Returns whether format and mode of an image are such that all decoders read it alike."""
    return header.mode in _UNAMBIGUOUS.get(str(header.format), ())


def needs_conversion(content: bytes) -> bool:
    """Returns whether the model may not read an encoded image as `flowers data import` does."""
    if not is_decodable(content):
        return True
    try:
        with Image.open(io.BytesIO(content)) as header:
            return not is_unambiguous(header)
    # Pillow's plugins raise many kinds of errors for damaged headers.
    except Exception:
        return True
