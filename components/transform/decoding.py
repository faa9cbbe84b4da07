"""Decodes images to pixels in TensorFlow: the one decoder of all steps and of served models."""

import numpy as np
import tensorflow as tf

from data.images.exif import (
    UPRIGHT,
    bytes_at,
    exif_orientation,
    find_jpeg_exif,
    find_png_chunk,
    find_png_exif,
    read_orientation,
    starts_with,
)
from data.images.signatures import BMP_START, GIF_START, JPEG_START, PNG_START

# Increased with every change of the pixels of an image.
DECODER_VERSION = 1
# The position of the colour type in a PNG, and the bit that stands for an alpha channel.
_PNG_COLOUR_TYPE, _ALPHA = 25, np.int64(4)


# Transform traces its graph several times; a function of its own is traced only once.
@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def decode_rgb(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a JPEG, PNG, BMP or GIF (its first frame) to uint8 [height, width, 3].

    The image is upright according to the EXIF metadata of a JPEG or PNG (`data.images.exif`), and a
    transparent PNG is shown on white. The first bytes determine the format; TensorFlow could decode
    further formats, depending on its version.

    Args:
      encoded: Content of the file, string scalar.

    Raises:
      tf.errors.InvalidArgumentError: The bytes are not such an image.
    """
    stored, exif = tf.case(
        [
            (
                starts_with(encoded, JPEG_START),
                lambda: (tf.io.decode_jpeg(encoded, channels=3), find_jpeg_exif(encoded)),
            ),
            (
                starts_with(encoded, PNG_START),
                lambda: (_decode_png(encoded), find_png_exif(encoded)),
            ),
            (
                starts_with(encoded, GIF_START) | starts_with(encoded, BMP_START),
                lambda: (_decode_other(encoded), tf.constant(b"")),
            ),
        ],
        default=_refuse,
    )
    stored.set_shape([None, None, 3])
    return tf.cond(
        tf.strings.length(exif) > 0,
        lambda: turn_upright(stored, read_orientation(exif)),
        lambda: stored,
    )


def decode_bytes(content: bytes) -> np.ndarray:
    """Returns what `decode_rgb` returns, uint8 [height, width, 3], faster than by calling a graph.

    Raises:
      tf.errors.InvalidArgumentError: The bytes are not such an image.
    """
    if content.startswith(JPEG_START) and exif_orientation(content) == UPRIGHT:
        # Calling the graph would take twice as long as decoding a small JPEG.
        # Bytes, and the default fraction, an integer, would take TensorFlow's slow path.
        jpeg = tf.constant(content)
        return np.asarray(tf.io.decode_jpeg(jpeg, channels=3, acceptable_fraction=1.0))
    return np.asarray(decode_rgb(tf.constant(content)))


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Returns an image, [height, width, 3], upright for an EXIF orientation, int32 scalar.

    Orientations 5 to 8 swap height and width. Reference: Exif 3.0, 4.5.4, tag Orientation.
    """

    def among(*orientations: int) -> tf.Tensor:
        return tf.reduce_any(orientation == tf.constant(orientations))

    order = tf.where(among(5, 6, 7, 8), [1, 0, 2], [0, 1, 2])
    reversed_axes = tf.boolean_mask([0, 1], [among(3, 4, 7, 8), among(2, 3, 6, 7)])
    turned = tf.reverse(tf.transpose(image, order), reversed_axes)
    return tf.ensure_shape(turned, [None, None, 3])


def _decode_png(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a PNG to uint8 [height, width, 3], on white where it is transparent.

    With four channels, TensorFlow returns a wrong alpha channel for images of less than 8 bits that
    have none, so they are requested only if there is transparency.
    """
    (colour_type,) = tf.unstack(bytes_at(encoded, _PNG_COLOUR_TYPE, 1))
    transparent = (tf.bitwise.bitwise_and(colour_type, _ALPHA) > 0) | (
        tf.strings.length(find_png_chunk(encoded, b"tRNS", b"IDAT")) > 0
    )
    return tf.cond(
        transparent,
        lambda: _on_white(tf.io.decode_png(encoded, channels=4)),
        lambda: tf.io.decode_png(encoded, channels=3),
    )


def _on_white(image: tf.Tensor) -> tf.Tensor:
    """Composites uint8 [height, width, 4] on white; rounds to the nearest."""
    colour, alpha = tf.cast(image[..., :3], tf.int32), tf.cast(image[..., 3:], tf.int32)
    return tf.cast((colour * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)


def _decode_other(encoded: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_image(encoded, channels=3, expand_animations=False)


def _refuse() -> tuple[tf.Tensor, tf.Tensor]:
    message = "the bytes are not a JPEG, PNG, GIF or BMP"
    with tf.control_dependencies([tf.debugging.Assert(False, [message])]):
        return tf.zeros([1, 1, 3], tf.uint8), tf.constant(b"")
