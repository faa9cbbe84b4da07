"""What a model is asked: real images, odd ones that it must take, and garbage that it must not."""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from components.example_gen.checks import extract_image
from components.serving_check.probe import GARBAGE, ODD, REAL
from data.features import IMAGE, LABEL
from data.records import bytes_feature

SERVING_DEFAULT, SERVING_BYTES = "serving_default", "serving_bytes"
SIGNATURES = (SERVING_DEFAULT, SERVING_BYTES)
_SIZE = (64, 48)


def odd_images() -> dict[str, bytes]:
    """Returns an image of each kind that is unusual, and that TensorFlow decodes all the same."""
    picture = _picture(_SIZE)
    # Pillow has no way from RGB to 16 bits but through one grey channel of 32.
    deep = picture.convert("L").convert("I").point(lambda value: value * 256).convert("I;16")
    return {
        "grey_jpeg": _encoded(picture.convert("L"), "JPEG"),
        "cmyk_jpeg": _encoded(picture.convert("CMYK"), "JPEG"),
        "progressive_jpeg": _encoded(picture, "JPEG", progressive=True),
        "jpeg_with_trailing_bytes": _encoded(picture, "JPEG") + bytes(1000),
        "rgba_png": _encoded(picture.convert("RGBA"), "PNG"),
        "palette_png": _encoded(picture.convert("P"), "PNG"),
        "16_bit_png": _encoded(deep, "PNG"),
        "gif": _encoded(picture, "GIF"),
        "animated_gif": _encoded(
            picture, "GIF", save_all=True, append_images=[picture.rotate(180)]
        ),
        "bmp": _encoded(picture, "BMP"),
        "8_x_8": _encoded(_picture((8, 8)), "PNG"),
        "2000_x_8": _encoded(_picture((2000, 8)), "JPEG"),
        "3000_x_2000": _encoded(_picture((3000, 2000)), "JPEG"),
    }


def bad_images() -> dict[str, bytes]:
    """Returns bytes that are no image, or none that TensorFlow decodes."""
    picture = _picture(_SIZE)
    jpeg, png = _encoded(picture, "JPEG"), _encoded(picture, "PNG")
    return {
        "empty": b"",
        "text": b"no image, but text",
        "truncated_jpeg": jpeg[: len(jpeg) // 2],
        "truncated_png": png[: len(png) // 2],
        "webp": _encoded(picture, "WEBP"),
        "1_bit_bmp": _encoded(picture.convert("1"), "BMP"),
        "png_of_50000_x_50000": png_bomb(),
    }


def bad_examples() -> dict[str, bytes]:
    """Returns bytes that are no tf.Example, or one without an image in `image`."""
    jpeg = _encoded(_picture(_SIZE), "JPEG")
    garbage = {f"example_of_{name}": _example(image) for name, image in bad_images().items()}
    return {
        **garbage,
        "empty": b"",
        "text": b"no tf.Example, but text",
        # What is meant for the other signature.
        "jpeg": jpeg,
        "truncated_example": _example(jpeg)[:200],
        "example_without_image": _example(b"roses", LABEL),
    }


def write_requests(folder: Path, examples: Mapping[str, bytes]) -> dict[str, bytes]:
    """Writes all requests as `probe.py` reads them.

    Args:
      folder: where, see `probe.py`.
      examples: the real ones: serialized tf.Examples with the feature `image`, by name.

    Returns:
      The images that must be answered, real and odd, by `<kind>/<name>`.
    """
    real, odd = {name: extract_image(content) for name, content in examples.items()}, odd_images()
    odd_examples = {name: _example(image) for name, image in odd.items()}
    _write(folder / SERVING_DEFAULT, examples, odd_examples, bad_examples())
    _write(folder / SERVING_BYTES, real, odd, bad_images())
    return {
        **{f"{REAL}/{name}": image for name, image in real.items()},
        **{f"{ODD}/{name}": image for name, image in odd.items()},
    }


def first_records(files: Sequence[str], count: int) -> dict[str, bytes]:
    """Returns the first records of gzipped TFRecord files, by their numbers.

    Raises:
      ValueError: there are none.
    """
    records = tf.data.TFRecordDataset(list(files), "GZIP").take(count).as_numpy_iterator()
    found = {str(number): record for number, record in enumerate(records)}
    if not found:
        raise ValueError("the test split is empty, so there is no image to ask the model")
    return found


def _write(folder: Path, *requests: Mapping[str, bytes]) -> None:
    for kind, contents in zip((REAL, ODD, GARBAGE), requests, strict=True):
        (folder / kind).mkdir(parents=True)
        for name, content in contents.items():
            (folder / kind / name).write_bytes(content)


def _picture(size: tuple[int, int]) -> Image.Image:
    """Returns a smooth image of a width and a height, always the same."""
    coarse = np.random.default_rng(0).integers(0, 256, [6, 6, 3], dtype=np.uint8)
    return Image.fromarray(coarse).resize(size)


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def png_bomb() -> bytes:
    """Returns a PNG that says it has 50,000 x 50,000 pixels, and has none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


def _example(content: bytes, feature: str = IMAGE) -> bytes:
    features = tf.train.Features(feature={feature: bytes_feature(content)})
    example = tf.train.Example(features=features)
    return example.SerializeToString()
