"""Changes of the geometry of an image: float32 or uint8 [height, width, 3] to the same shape.

The image keeps its values where nothing moves. A crop or a turn returns float32 in [0, 1].
"""

import tensorflow as tf

from components.transform.augmentation.floats import as_float


def flip_left_right(image: tf.Tensor, is_flipped: tf.Tensor) -> tf.Tensor:
    """Mirrors an image if the bool scalar says so; any data type."""
    return tf.cond(is_flipped, lambda: tf.reverse(image, [1]), lambda: image)


def crop_and_enlarge(image: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Enlarges a part of an image to the size of the image, bilinearly.

    Antialiasing would change nothing, because a part is never larger than the result.

    Args:
      image: The image.
      box: top, left, bottom and right, float32 [4]; 0 to 1 is the whole image.
    """
    size = image.shape[:2]
    enlarged = tf.image.crop_and_resize(as_float(image)[None], box[None], [0], size)
    return tf.ensure_shape(enlarged[0], image.shape)


def rotate(image: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Turns an image about its center, counterclockwise; the corners show the mirrored border."""
    angle = degrees * (3.141592653589793 / 180)
    sine, cosine = tf.sin(angle), tf.cos(angle)
    return affine(image, (cosine, -sine), (sine, cosine))


def affine(
    image: tf.Tensor,
    x_row: tuple[tf.Tensor, tf.Tensor] = (1.0, 0.0),
    y_row: tuple[tf.Tensor, tf.Tensor] = (0.0, 1.0),
    shift: tuple[tf.Tensor, tf.Tensor] = (0.0, 0.0),
) -> tf.Tensor:
    """Maps each pixel of the result to the place where the image is read, bilinearly.

    Beyond its borders the image is mirrored.

    Args:
      image: The image.
      x_row: Factors of x and y, measured from the center, that give the x that is read.
      y_row: The same for y.
      shift: What is added to x and y, as shares of width and height.
    """
    height, width = image.shape[:2]
    x, y = (width - 1) / 2, (height - 1) / 2
    x_offset = x - x_row[0] * x - x_row[1] * y + shift[0] * width
    y_offset = y - y_row[0] * x - y_row[1] * y + shift[1] * height
    read = tf.raw_ops.ImageProjectiveTransformV3(
        images=as_float(image)[None],
        transforms=tf.stack([[*x_row, x_offset, *y_row, y_offset, 0.0, 0.0]]),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(read[0], image.shape)
