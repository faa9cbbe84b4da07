"""Encodes pictures as the content of files."""

import io
from typing import Any

from PIL import Image


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Returns an image in a format; the options are those of Pillow."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()
