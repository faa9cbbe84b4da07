"""Reads from an encoded image how many pixels its decoder will decode, without decoding them."""

import re
from math import prod
from struct import error as StructError
from struct import unpack_from

from PIL import Image

from data.images.limits import MOST_PIXELS
from data.images.reading import open_image
from data.images.signatures import BMP_START, GIF_START, JPEG_START, PNG_START, is_decodable

# A progressive JPEG of a camera or editor has about ten. Each takes as long as a whole image.
MAX_JPEG_SCANS = 100
# The parts of a file without pixels; colour profiles and metadata of 60 MB have about a thousand.
MAX_JPEG_SEGMENTS = 10_000
# What is between the segments before the pixels: Pillow, in Python, looks at each byte.
MAX_JPEG_FILL = 1_000_000
# Encoders put at least 4 kB of pixels into a chunk.
MAX_PNG_CHUNKS = 100_000
# A block of pixels has up to 255 bytes; encoders fill them.
MAX_GIF_BLOCKS = 500_000
# Comments and metadata, for which Pillow takes time that grows with the square of their number.
MAX_GIF_BLOCKS_BEFORE_FRAME = 5_000

# The markers of a JPEG that a length follows, and the end. In a scan, 0xFF is followed by 0x00 or
# is a restart; fill bytes, 0xFF, may precede a marker: ITU-T T.81, B.1.1.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
_SCAN, _END = 0xDA, 0xD9
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# The first chunk of a PNG begins with width and height: PNG, third edition, 11.2.1.
_PNG_HEADER, _PNG_END = b"IHDR", b"IEND"
# The header of OS/2, by its length, has sizes of 16 bits.
_OS2_HEADER = b"\x0c\0\0\0"
# The blocks of a GIF, and the bits of its flags: GIF89a, sections 18 to 27.
_GIF_SCREEN, _GIF_FRAME, _GIF_EXTENSION = 13, 0x2C, 0x21
_COLOUR_TABLE, _TABLE_SIZE = 0x80, 0x07


class SuspiciousImage(Exception):
    """The header of an image cannot be read, or announces an unreasonable amount of work."""


def decoded_pixels(content: bytes) -> int:
    """Returns how many pixels TensorFlow decodes for an encoded image.

    Of a GIF it decodes all frames, although the model sees only the first. The number is 0 if the
    first bytes are not those of a format that the model decodes, because it then decodes nothing.
    Pillow is not asked, because hostile headers can keep it busy for minutes.

    Raises:
      SuspiciousImage: The header cannot be read, or the image has too many pixels, or too many
        parts: scans, segments, chunks or blocks.
    """
    for start, count in _COUNTS.items():
        if content.startswith(start):
            try:
                pixels = count(content)
            except StructError as error:
                raise _unreadable() from error
            if pixels > MOST_PIXELS:
                raise _bomb()
            return pixels
    return 0


def announced_pixels(content: bytes) -> int:
    """Returns the number of pixels of an image of any format that Pillow opens; 0 of others.

    For a format that the model decodes, this is the number of `decoded_pixels`.

    Raises:
      SuspiciousImage: As `decoded_pixels`; of other formats, if there are more pixels than Pillow
        opens.
    """
    if is_decodable(content):
        return decoded_pixels(content)
    try:
        with open_image(content) as header:
            return header.width * header.height
    except Image.DecompressionBombError as error:
        raise _bomb() from error
    # Pillow's plugins raise many kinds of errors for damaged headers.
    except Exception:
        return 0


def _bomb() -> SuspiciousImage:
    return SuspiciousImage(f"the image has more than {MOST_PIXELS:,} pixels")


def _unreadable() -> SuspiciousImage:
    return SuspiciousImage("the header of the image cannot be read")


def _check(kind: str, limit: int, count: int, what: str) -> None:
    if count > limit:
        raise SuspiciousImage(f"the {kind} has more than {limit:,} {what}")


def _jpeg_pixels(jpeg: bytes) -> int:
    """Returns the number of pixels of a JPEG, up to its end: a phone may append a film.

    Raises:
      SuspiciousImage: It has too many segments or scans, or no size or scan.
    """
    pixels = scans = segments = fill = 0
    place = 2
    while (found := _MARKER.search(jpeg, place)) and (marker := found[1][0]) != _END:
        fill += 0 if scans else found.start() - place
        segments += 1
        scans += marker == _SCAN
        _check("JPEG", MAX_JPEG_SCANS, scans, "scans")
        _check("JPEG", MAX_JPEG_SEGMENTS, segments, "segments")
        _check("JPEG", MAX_JPEG_FILL, fill, "bytes between its segments")
        place = found.end()
        if marker in _SIZES:
            pixels += prod(unpack_from(">HH", jpeg, place + 3))
        place += int.from_bytes(jpeg[place : place + 2], "big")
    if not (pixels and scans):
        raise _unreadable()
    return pixels


def _png_pixels(png: bytes) -> int:
    """Returns the number of pixels of a PNG.

    Raises:
      SuspiciousImage: It has too many chunks, or another chunk before its size.
    """
    kind, width, height = unpack_from(">4sII", png, 12)
    if kind != _PNG_HEADER:
        raise _unreadable()
    place, chunks = len(PNG_START), 0
    while place < len(png) and png[place + 4 : place + 8] != _PNG_END:
        place += 12 + int.from_bytes(png[place : place + 4], "big")
        chunks += 1
        _check("PNG", MAX_PNG_CHUNKS, chunks, "chunks")
    return int(width * height)


def _bmp_pixels(bmp: bytes) -> int:
    """Returns the number of pixels of a BMP; its height is negative if its top row is first."""
    if bmp[14:18] != _OS2_HEADER:
        return abs(prod(unpack_from("<ii", bmp, 18)))
    # TensorFlow takes it for the other header, and decodes at most a pixel for each byte.
    return max(prod(unpack_from("<HH", bmp, 18)), len(bmp))


def _gif_pixels(gif: bytes) -> int:
    """Returns the number of pixels of the screen and all frames of a GIF, also of a truncated one.

    Raises:
      SuspiciousImage: It has too many blocks, or no frame.
    """
    width, height = unpack_from("<HH3x", gif, 6)
    frames = _frame_pixels(gif)
    if not frames:
        raise SuspiciousImage("the GIF has no image")
    return int(width * height) + frames


def _frame_pixels(gif: bytes) -> int:
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
            limit = MAX_GIF_BLOCKS if pixels else MAX_GIF_BLOCKS_BEFORE_FRAME
            size = -1
            while size:
                size = gif[place]
                place += 1 + size
                blocks += 1
                _check("GIF", limit, blocks, "blocks")
    except IndexError:
        return pixels
    return pixels


def _colour_table_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & _TABLE_SIZE) + 1) if flags & _COLOUR_TABLE else 0


_COUNTS = {
    JPEG_START: _jpeg_pixels,
    PNG_START: _png_pixels,
    GIF_START: _gif_pixels,
    BMP_START: _bmp_pixels,
}
