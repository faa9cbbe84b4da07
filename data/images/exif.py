"""The orientation of a JPEG or PNG in its EXIF metadata, read in TensorFlow: also in served models.

It is the only reader of the orientation of these formats, so that import, training and serving
agree. EXIF is the first APP1 segment of a JPEG that begins with `Exif`, among the application
segments and comments at its start, or the chunk eXIf of a PNG. The orientation is 1, which means
upright, if there is none or if it is malformed.

References: ITU-T T.81 (JPEG), B.1.1; PNG, third edition, 5.3 and 11.3.4.5; TIFF 6.0, section 2;
Exif 3.0, 4.5.4.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from data.images.signatures import JPEG_START, PNG_START

UPRIGHT = 1
_EXIF_START, _EXIF_CHUNK = b"Exif\0\0", b"eXIf"
_EXIF_NUMBERS = np.frombuffer(_EXIF_START, ">u2").astype(np.int64)
# Markers of JPEG: application segments are 0xFFE0 to 0xFFEF.
_APP0, _APP1, _APP15, _COMMENT, _FILL = 0xFFE0, 0xFFE1, 0xFFEF, 0xFFFE, 0xFFFF
# Hostile images could otherwise keep a server busy: each takes about 0.02 ms.
_MAX_SEGMENTS = 1000
_END = np.int64(-1)
_ORIENTATION_TAG, _SHORT = 0x0112, 3
_MAX_ENTRIES = 256


def exif_orientation(content: bytes) -> int:
    """Returns the orientation, 1 to 8, of an encoded image; 1 for other formats."""
    # Most images have none, and searching their bytes is faster than calling TensorFlow.
    if content.startswith(JPEG_START) and _EXIF_START in content:
        return int(_jpeg_orientation(tf.constant(content)))
    if content.startswith(PNG_START) and _EXIF_CHUNK in content:
        return int(_png_orientation(tf.constant(content)))
    return UPRIGHT


def find_png_exif(encoded: tf.Tensor) -> tf.Tensor:
    """Returns the EXIF metadata, a TIFF structure, of a PNG; empty if there is none."""
    return find_png_chunk(encoded, _EXIF_CHUNK, before=b"IEND")


def find_jpeg_exif(encoded: tf.Tensor) -> tf.Tensor:
    """Returns the EXIF metadata, a TIFF structure, of a JPEG; empty if there is none."""

    def step(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        header = tf.cast(_numbers_at(encoded, position, tf.uint16, 5), tf.int64)
        marker, length = header[0], header[1]
        found = (marker == _APP1) & tf.reduce_all(header[2:] == _EXIF_NUMBERS)
        content = _cut(encoded, position + 10, tf.where(found, length - 8, 0))
        goes_on = ((marker >= _APP0) & (marker <= _APP15)) | (marker >= _COMMENT)
        # A segment may be preceded by fill bytes.
        after = tf.where(marker == _FILL, position + 1, position + 2 + length)
        return content, tf.where(goes_on, after, _END)

    return _search(step, 2)


def read_orientation(tiff: tf.Tensor) -> tf.Tensor:
    """Returns the orientation, int32 scalar, in EXIF metadata: a TIFF structure, string scalar."""
    little = starts_with(tiff, b"II*\0")

    def numbers(start: tf.Tensor | int, kind: tf.DType, count: int) -> tf.Tensor:
        content = _cut(tiff, start, count * kind.size)
        return tf.where(
            little,
            _decode(content, kind, count, little_endian=True),
            _decode(content, kind, count, little_endian=False),
        )

    offset = numbers(4, tf.int32, 1)[0]
    # The number of entries, and of each entry the tag, type, count (two numbers) and value (two).
    directory = tf.cast(numbers(offset, tf.uint16, 1 + 6 * _MAX_ENTRIES), tf.int32)
    entries = tf.reshape(directory[1:], [_MAX_ENTRIES, 6])
    one = tf.where(little, [1, 0], [0, 1])
    wanted = tf.concat([[_ORIENTATION_TAG, _SHORT], one], axis=0)
    value = entries[:, 4]
    index = tf.range(_MAX_ENTRIES)
    matches = (
        tf.reduce_all(entries[:, :4] == wanted, axis=1)
        & (index < directory[0])
        & (offset + 2 + 12 * (index + 1) <= tf.strings.length(tiff))
        & (value >= 1)
        & (value <= 8)
    )
    valid = (little | starts_with(tiff, b"MM\0*")) & (offset >= 8) & tf.reduce_any(matches)
    return tf.where(valid, value[tf.argmax(matches)], UPRIGHT)


def find_png_chunk(encoded: tf.Tensor, name: bytes, before: bytes) -> tf.Tensor:
    """Returns the content of the first chunk of a PNG with a name; empty if there is none.

    Args:
      encoded: The encoded image, string scalar.
      name: The name of the chunk, 4 bytes.
      before: The name of the chunk that ends the search.
    """

    def step(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length, kind = tf.unstack(_numbers_at(encoded, position, tf.int32, 2))
        content = _cut(encoded, position + 8, tf.where(kind == _to_number(name), length, 0))
        # After the end of the file there are zeros; a negative length is malformed.
        ended = (kind == _to_number(before)) | (kind == 0) | (length < 0)
        return content, tf.where(ended, _END, position + 12 + tf.cast(length, tf.int64))

    return _search(step, len(PNG_START))


def starts_with(encoded: tf.Tensor, start: bytes) -> tf.Tensor:
    """Returns whether a string scalar starts with the given bytes, bool scalar."""
    return tf.strings.substr(encoded, 0, len(start)) == start


def bytes_at(content: tf.Tensor, position: tf.Tensor | int, number: int) -> tf.Tensor:
    """Returns bytes of a string scalar as int64 [number]; zeros after its end."""
    return tf.cast(_numbers_at(content, position, tf.uint8, number), tf.int64)


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


def _numbers_at(
    content: tf.Tensor, position: tf.Tensor | int, kind: tf.DType, count: int
) -> tf.Tensor:
    """Returns big-endian numbers in a string scalar, [count]; zeros after its end."""
    return _decode(_cut(content, position, count * kind.size), kind, count, little_endian=False)


def _decode(content: tf.Tensor, kind: tf.DType, count: int, little_endian: bool) -> tf.Tensor:
    size = count * kind.size
    decoded = tf.io.decode_raw(content, kind, little_endian=little_endian, fixed_length=size)
    return tf.ensure_shape(decoded, [count])


def _cut(content: tf.Tensor, position: tf.Tensor | int, number: tf.Tensor | int) -> tf.Tensor:
    """Returns at most `number` bytes of a string scalar; none after its end or before its start."""
    end = tf.cast(tf.strings.length(content), tf.int64)
    start = tf.cast(position, tf.int64)
    start = tf.where(start < 0, end, tf.minimum(start, end))
    return tf.strings.substr(content, start, tf.cast(tf.maximum(number, 0), tf.int64))


def _to_number(name: bytes) -> int:
    return int.from_bytes(name, "big")


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def _jpeg_orientation(encoded: tf.Tensor) -> tf.Tensor:
    return read_orientation(find_jpeg_exif(encoded))


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def _png_orientation(encoded: tf.Tensor) -> tf.Tensor:
    return read_orientation(find_png_exif(encoded))
