"""Fixed changes of images, which show how robust a model is."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from components.predictions.records import RecordBatch
from components.transform.decoding import decode_bytes
from data.common.cores import available_cores
from data.features import IMAGE

# A larger image is reduced first, because a photograph of 12 megapixels takes a second to encode.
_MAX_SIDE = 1024
_DEGREES = 15
_JPEG_QUALITY = 30
_MIDDLE = 0.7


def _squeeze(image: Image.Image) -> Image.Image:
    return image.resize((max(1, image.width * 3 // 4), image.height), Image.Resampling.BICUBIC)


def _darken(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.7)


def _brighten(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(1.3)


def _blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(min(image.size) / 100))


def _turn(image: Image.Image) -> Image.Image:
    """Turns an image; what would be empty in the corners shows the mirrored border."""
    border = max(image.size) // 4
    padded = np.pad(np.asarray(image), [(border,) * 2, (border,) * 2, (0, 0)], "reflect")
    turned = Image.fromarray(padded).rotate(_DEGREES, Image.Resampling.BICUBIC)
    return ImageOps.crop(turned, border)


def _cut(image: Image.Image) -> Image.Image:
    width, height = (max(1, round(side * _MIDDLE)) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _unchanged(image: Image.Image) -> Image.Image:
    return image


JPEG_CHANGE = f"JPEG quality {_JPEG_QUALITY}"
# The changes in the order in which they are reported. They are small enough that a person hardly
# hesitates, and large enough that a model which relies on size, light or sharpness fails.
CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "squeezed to 3:4": _squeeze,
    "30 % darker": _darken,
    "30 % brighter": _brighten,
    "blurred": _blur,
    JPEG_CHANGE: _unchanged,
    f"turned by {_DEGREES} degrees": _turn,
    f"cut to the middle {round(_MIDDLE * 100)} %": _cut,
}


def changed_records(batch: RecordBatch) -> Iterator[tuple[str, list[bytes]]]:
    """Yields each change with the serialized tf.Examples of the changed images of a batch."""
    examples = [tf.train.Example.FromString(record) for record in batch.records]
    # Pillow and NumPy release Python's global lock.
    with ThreadPoolExecutor(available_cores()) as threads:
        images = list(threads.map(_open, batch.images))
        for name in CHANGES:
            yield name, _with_images(examples, threads.map(partial(_change, name), images))


def _open(encoded: bytes) -> Image.Image:
    """Returns an image as the model sees it, in RGB and upright, and not larger than needed."""
    image = Image.fromarray(decode_bytes(encoded))
    image.thumbnail((_MAX_SIDE, _MAX_SIDE), reducing_gap=2)
    return image


def _change(name: str, image: Image.Image) -> bytes:
    """Returns a changed image, encoded."""
    content, changed = io.BytesIO(), CHANGES[name](image)
    if name == JPEG_CHANGE:
        changed.save(content, "JPEG", quality=_JPEG_QUALITY)
    else:
        # Lossless, and 15 to 30 times as fast as PNG.
        changed.save(content, "BMP")
    return content.getvalue()


def _with_images(examples: Sequence[Any], images: Iterable[bytes]) -> list[bytes]:
    """Replaces the images of tf.Examples, and returns these serialized."""
    for example, image in zip(examples, images, strict=True):
        example.features.feature[IMAGE].bytes_list.value[:] = [image]
    return [example.SerializeToString() for example in examples]
