"""Converts image files to the JPEGs that records contain."""

import io

from PIL import Image

from data.images.limits import MAX_PIXELS, MIN_SIDE
from data.images.reading import WHITE, Colour, UnreadableImage, read_file, read_image
from data.images.signatures import JPEG_START

_QUALITY = 95
# The limit of the library that writes JPEGs.
_MAX_SIDE = 65_500


def read_as_jpeg(
    path: str, size: int | None, background: Colour = WHITE
) -> tuple[bytes, tuple[int, int]]:
    """Returns an image as an upright RGB JPEG, and its width and height in pixels.

    A JPEG that meets these requirements keeps its bytes, because encoding it again is lossy.

    Args:
      path: A file in any format that Pillow reads; of an animation, the first frame is used.
      size: Maximum length of the shorter side in pixels; None to keep the size of all images.
      background: The colour on which transparent images are shown.

    Raises:
      UnreadableImage: The file cannot be read or decoded, or the pipeline could not use the image.
    """
    content = read_file(path)
    image = read_image(content, background)
    shorter = min(image.size)
    if shorter < MIN_SIDE:
        raise UnreadableImage(f"smaller than {MIN_SIDE} px per side")
    if size is not None and shorter > size:
        width, height = (round(side * size / shorter) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        content = b""
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImage(f"more than {MAX_PIXELS:,} pixels; --size makes images smaller")
    return content if _is_upright_rgb_jpeg(content) else _encode(image), image.size


def _is_upright_rgb_jpeg(content: bytes) -> bool:
    if not content.startswith(JPEG_START):
        return False
    # Imported here because it imports TensorFlow.
    from data.images.exif import UPRIGHT, exif_orientation

    with Image.open(io.BytesIO(content)) as header:
        plain = header.format == "JPEG" and header.mode == "RGB"
    return plain and exif_orientation(content) == UPRIGHT


def _encode(image: Image.Image) -> bytes:
    if max(image.size) > _MAX_SIDE:
        raise UnreadableImage(f"longer than {_MAX_SIDE:,} px, which a JPEG cannot be")
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()
