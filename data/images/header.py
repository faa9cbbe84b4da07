"""Reads from an encoded image how many pixels its decoder will decode, without decoding them."""

import io

from PIL import Image

from data.images.limits import MOST_PIXELS
from data.images.signatures import GIF_START, JPEG_START, is_decodable

# The formats of `data.images.signatures`.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
# A progressive JPEG of a camera or editor has about ten. Each takes as long as a whole image.
MAX_JPEG_SCANS = 100
_START_OF_SCAN = b"\xff\xda"
# The blocks of a GIF, and the bits of its flags: GIF89a, sections 18 to 27.
_GIF_SCREEN, _GIF_FRAME, _GIF_EXTENSION = 13, 0x2C, 0x21
_COLOUR_TABLE, _TABLE_SIZE = 0x80, 0x07
# A block of pixels has up to 255 bytes; encoders fill them.
MAX_GIF_BLOCKS = 500_000


class SuspiciousImage(Exception):
    """The header of an image cannot be read, or announces an unreasonable amount of work."""


def decoded_pixels(content: bytes) -> int:
    """Returns how many pixels TensorFlow decodes for an encoded image.

    Of a GIF it decodes all frames, although the model sees only the first. The number is 0 if the
    first bytes are not those of a format that the model decodes, because it then decodes nothing.

    Raises:
      SuspiciousImage: The header cannot be read, or the image has too many pixels, scans
        or blocks.
    """
    if not is_decodable(content):
        return 0
    if content.startswith(JPEG_START) and content.count(_START_OF_SCAN) > MAX_JPEG_SCANS:
        raise SuspiciousImage(f"the JPEG has more than {MAX_JPEG_SCANS} scans")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as header:
            screen: int = header.width * header.height
    except Image.DecompressionBombError as error:
        raise _bomb() from error
    # Pillow's plugins raise many kinds of errors for damaged headers.
    except Exception as error:
        raise SuspiciousImage("the header of the image cannot be read") from error
    return screen + _frame_pixels(content) if content.startswith(GIF_START) else screen


def announced_pixels(content: bytes) -> int:
    """Returns the number of pixels of an image of any format that Pillow opens; 0 of others.

    Raises:
      SuspiciousImage: There are more than Pillow opens.
    """
    try:
        with Image.open(io.BytesIO(content)) as header:
            return header.width * header.height
    except Image.DecompressionBombError as error:
        raise _bomb() from error
    # Pillow's plugins raise many kinds of errors for damaged headers.
    except Exception:
        return 0


def _bomb() -> SuspiciousImage:
    return SuspiciousImage(f"the image has more than {MOST_PIXELS:,} pixels")


def _frame_pixels(gif: bytes) -> int:
    """Returns the number of pixels of all frames of a GIF, also of a truncated one.

    Raises:
      SuspiciousImage: It has too many blocks.
    """
    pixels = blocks = 0
    try:
        place = _GIF_SCREEN + _colour_table_bytes(gif[10])
        while gif[place] in (_GIF_FRAME, _GIF_EXTENSION):
            if gif[place] == _GIF_FRAME:
                width = int.from_bytes(gif[place + 5 : place + 7], "little")
                height = int.from_bytes(gif[place + 7 : place + 9], "little")
                pixels += width * height
                place += 11 + _colour_table_bytes(gif[place + 9])
            else:
                place += 2
            size = -1
            while size:
                size = gif[place]
                place += 1 + size
                blocks += 1
                if blocks > MAX_GIF_BLOCKS:
                    raise SuspiciousImage(f"the GIF has more than {MAX_GIF_BLOCKS:,} blocks")
    except IndexError:
        return pixels
    return pixels


def _colour_table_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & _TABLE_SIZE) + 1) if flags & _COLOUR_TABLE else 0
