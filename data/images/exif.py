"""The orientation of a JPEG or PNG in its EXIF metadata, read in TensorFlow: also in served models.

It is the only reader of the orientation of these formats, so that import, training and serving
agree. EXIF is the first APP1 segment of a JPEG that begins with `Exif`, or the chunk eXIf of a PNG.
The orientation is 1, which means upright, if there is none or if it is malformed.

References: ITU-T T.81 (JPEG), B.1.1; PNG, third edition, 5.3 and 11.3.4.5; TIFF 6.0, section 2;
Exif 3.0, 4.5.4.
"""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from data.images.formats import JPEG_START, PNG_START

UPRIGHT = 1
_EXIF_START = b"Exif\0\0"
_APP1, _START_OF_SCAN, _END_OF_IMAGE, _FILL = 0xE1, 0xDA, 0xD9, 0xFF
# Each step of a loop takes about 0.1 ms; hostile images could otherwise keep a server busy.
_MAX_SEGMENTS = 1000
_NONE, _END = np.int64(0), np.int64(-1)
_ORIENTATION_TAG, _SHORT = 0x0112, 3
_ENTRY_BYTES, _MAX_ENTRIES = 12, 256


def exif_orientation(content: bytes) -> int:
    """Returns the orientation, 1 to 8, of an encoded image; 1 for other formats."""
    return int(_eager_orientation()(tf.constant(content)))


def read_orientation(encoded: tf.Tensor) -> tf.Tensor:
    """Returns the orientation, int32 scalar, of an encoded image, string scalar."""
    exif = tf.case(
        [
            (starts_with(encoded, JPEG_START), lambda: _find_jpeg_exif(encoded)),
            (starts_with(encoded, PNG_START), lambda: find_png_chunk(encoded, b"eXIf", b"IEND")),
        ],
        default=lambda: tf.constant(b""),
    )
    return tf.cond(
        tf.strings.length(exif) > 0,
        lambda: _orientation_in_tiff(exif),
        lambda: tf.constant(UPRIGHT),
    )


def find_png_chunk(encoded: tf.Tensor, name: bytes, before: bytes) -> tf.Tensor:
    """Returns the content of the first chunk of a PNG with a name; empty if there is none.

    Args:
      encoded: The encoded image, string scalar.
      name: The name of the chunk, 4 bytes.
      before: The name of the chunk that ends the search.
    """

    def step(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        header = bytes_at(encoded, position, 8)
        length = _big_endian(header[:4])
        found = _equals(header[4:], name)
        content = _cut(encoded, position + 8, tf.where(found, length, _NONE))
        ended = _equals(header[4:], before) | _equals(header[4:], b"\0\0\0\0")
        return content, tf.where(ended, _END, position + 12 + length)

    return _search(step, len(PNG_START))


def starts_with(encoded: tf.Tensor, start: bytes) -> tf.Tensor:
    """Returns whether a string scalar starts with the given bytes, bool scalar."""
    return _equals(bytes_at(encoded, 0, len(start)), start)


def bytes_at(content: tf.Tensor, position: tf.Tensor | int, number: int) -> tf.Tensor:
    """Returns bytes of a string scalar as int64 [number]; zeros after its end."""
    found = tf.io.decode_raw(_cut(content, position, number), tf.uint8)
    padded = tf.pad(tf.cast(found, tf.int64), [[0, number - tf.size(found)]])
    return tf.ensure_shape(padded, [number])


@functools.cache
def _eager_orientation() -> Callable[[tf.Tensor], tf.Tensor]:
    return tf.function(
        read_orientation, input_signature=[tf.TensorSpec([], tf.string)], autograph=False
    )


def _find_jpeg_exif(encoded: tf.Tensor) -> tf.Tensor:
    """Returns the TIFF structure in the EXIF segment of a JPEG; empty if there is none."""

    def step(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        header = bytes_at(encoded, position, 10)
        marker, length = header[1], _big_endian(header[2:4])
        found = (marker == _APP1) & _equals(header[4:], _EXIF_START)
        content = _cut(encoded, position + 10, tf.where(found, length - 8, _NONE))
        ended = (header[0] != 0xFF) | (marker == _START_OF_SCAN) | (marker == _END_OF_IMAGE)
        # A segment may be preceded by fill bytes.
        next_position = tf.where(marker == _FILL, position + 1, position + 2 + length)
        return content, tf.where(ended, _END, next_position)

    return _search(step, 2)


def _search(step: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]], start: int) -> tf.Tensor:
    """Goes from part to part of a file until one has content.

    Args:
      step: Returns the content of the part at a position, a string scalar that is empty if the part
        is not the wanted one; and the position of the next part, -1 at the end.
      start: The position of the first part.
    """
    content, _ = tf.while_loop(
        lambda content, position: (tf.strings.length(content) == 0) & (position >= 0),
        lambda content, position: step(position),
        (tf.constant(b""), tf.constant(start, tf.int64)),
        maximum_iterations=_MAX_SEGMENTS,
    )
    return content


def _orientation_in_tiff(tiff: tf.Tensor) -> tf.Tensor:
    """Returns the orientation in the first directory of a TIFF structure, int32 scalar."""
    header = bytes_at(tiff, 0, 8)
    little = _equals(header[:4], b"II*\0")
    valid = little | _equals(header[:4], b"MM\0*")

    def number(field: tf.Tensor) -> tf.Tensor:
        return tf.where(little, _big_endian(tf.reverse(field, [-1])), _big_endian(field))

    offset = number(header[4:])
    count = number(bytes_at(tiff, offset, 2))
    entries = tf.reshape(
        bytes_at(tiff, offset + 2, _MAX_ENTRIES * _ENTRY_BYTES), [_MAX_ENTRIES, _ENTRY_BYTES]
    )
    value = number(entries[:, 8:10])
    index = tf.range(_MAX_ENTRIES, dtype=tf.int64)
    end = offset + 2 + (index + 1) * _ENTRY_BYTES
    matches = (
        (index < count)
        & (end <= tf.cast(tf.strings.length(tiff), tf.int64))
        & (number(entries[:, :2]) == _ORIENTATION_TAG)
        & (number(entries[:, 2:4]) == _SHORT)
        & (number(entries[:, 4:8]) == 1)
        & (value >= 1)
        & (value <= 8)
    )
    first = value[tf.argmax(matches)]
    return tf.cast(tf.where(valid & tf.reduce_any(matches), first, np.int64(UPRIGHT)), tf.int32)


def _cut(content: tf.Tensor, position: tf.Tensor | int, number: tf.Tensor | int) -> tf.Tensor:
    """Returns at most `number` bytes of a string scalar; none after its end."""
    length = tf.cast(tf.strings.length(content), tf.int64)
    start = tf.minimum(tf.cast(position, tf.int64), length)
    return tf.strings.substr(content, start, tf.maximum(tf.cast(number, tf.int64), 0))


def _big_endian(field: tf.Tensor) -> tf.Tensor:
    """Returns the numbers in the last dimension of bytes, int64 [..., bytes] to int64 [...]."""
    weights = [256**power for power in reversed(range(field.shape[-1]))]
    return tf.reduce_sum(field * tf.constant(weights, tf.int64), axis=-1)


def _equals(found: tf.Tensor, expected: bytes) -> tf.Tensor:
    return tf.reduce_all(found == tf.constant(list(expected), tf.int64))
