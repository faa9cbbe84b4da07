"""The first bytes of the image formats that the model's decoder reads."""

JPEG_START = b"\xff\xd8\xff"
PNG_START = b"\x89PNG\r\n\x1a\n"
GIF_START = b"GIF8"
BMP_START = b"BM"


def is_decodable(content: bytes) -> bool:
    """Returns whether the model decodes the format of an encoded image, by its first bytes."""
    return content.startswith((JPEG_START, PNG_START, GIF_START, BMP_START))
