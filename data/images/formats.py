"""The image formats that all decoders read alike."""

import io

from PIL import Image

from data.images.signatures import is_decodable

_UNAMBIGUOUS = {
    "JPEG": ("L", "RGB"),
    "MPO": ("L", "RGB"),
    "PNG": ("L", "LA", "RGB", "RGBA"),
}


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
