"""The requests to a model: real images, unusual ones that it must accept, and garbage."""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import ExifTags, Image

from components.example_gen.checks import extract_image
from components.serving_check.probe import GARBAGE, ODD, REAL
from data.features import IMAGE, LABEL
from data.records import bytes_feature, read_files

SERVING_DEFAULT, SERVING_BYTES = "serving_default", "serving_bytes"
SIGNATURES = (SERVING_DEFAULT, SERVING_BYTES)
_SIZE = (64, 48)


def odd_images() -> dict[str, bytes]:
    """Returns one image of each unusual kind that TensorFlow decodes, by name."""
    picture = _make_image(_SIZE)
    # Pillow converts RGB to 16 bits only through a 32-bit grey image.
    deep = picture.convert("L").convert("I").point(lambda value: value * 256).convert("I;16")
    return {
        "grey_jpeg": _encode(picture.convert("L"), "JPEG"),
        "cmyk_jpeg": _encode(picture.convert("CMYK"), "JPEG"),
        "progressive_jpeg": _encode(picture, "JPEG", progressive=True),
        "jpeg_with_trailing_bytes": _encode(picture, "JPEG") + bytes(1000),
        "turned_jpeg": _encode(picture, "JPEG", exif=_turned()),
        "turned_png": _encode(picture, "PNG", exif=_turned()),
        "rgba_png": _encode(picture.convert("RGBA"), "PNG"),
        "palette_png": _encode(picture.convert("P"), "PNG"),
        "transparent_palette_png": _encode(picture.convert("P"), "PNG", transparency=0),
        "16_bit_png": _encode(deep, "PNG"),
        "gif": _encode(picture, "GIF"),
        "animated_gif": _encode(picture, "GIF", save_all=True, append_images=[picture.rotate(180)]),
        "bmp": _encode(picture, "BMP"),
        "8_x_8": _encode(_make_image((8, 8)), "PNG"),
        "2000_x_8": _encode(_make_image((2000, 8)), "JPEG"),
        "3000_x_2000": _encode(_make_image((3000, 2000)), "JPEG"),
    }


def bad_images() -> dict[str, bytes]:
    """Returns bytes that are not an image that TensorFlow decodes, by name."""
    picture = _make_image(_SIZE)
    jpeg, png = _encode(picture, "JPEG"), _encode(picture, "PNG")
    return {
        "empty": b"",
        "text": b"text instead of an image",
        "truncated_jpeg": jpeg[: len(jpeg) // 2],
        "truncated_png": png[: len(png) // 2],
        "webp": _encode(picture, "WEBP"),
        "1_bit_bmp": _encode(picture.convert("1"), "BMP"),
        "png_of_50000_x_50000": png_bomb(),
    }


def bad_examples() -> dict[str, bytes]:
    """Returns bytes that are not a tf.Example with a valid `image`, by name."""
    jpeg = _encode(_make_image(_SIZE), "JPEG")
    garbage = {f"example_of_{name}": _make_example(image) for name, image in bad_images().items()}
    return {
        **garbage,
        "empty": b"",
        "text": b"text instead of a tf.Example",
        # A valid request to the other signature.
        "jpeg": jpeg,
        "truncated_example": _make_example(jpeg)[:200],
        "example_without_image": _make_example(b"roses", LABEL),
    }


def write_requests(folder: Path, examples: Mapping[str, bytes]) -> dict[str, bytes]:
    """Writes all requests in the layout of `probe.py`.

    The real ones are `examples`: serialized tf.Examples with the feature `image`, by name. Returns
    the images that the model must classify, real and odd ones, by `<kind>/<name>`.
    """
    real, odd = {name: extract_image(content) for name, content in examples.items()}, odd_images()
    odd_examples = {name: _make_example(image) for name, image in odd.items()}
    _write_signature(folder / SERVING_DEFAULT, examples, odd_examples, bad_examples())
    _write_signature(folder / SERVING_BYTES, real, odd, bad_images())
    return {
        **{f"{REAL}/{name}": image for name, image in real.items()},
        **{f"{ODD}/{name}": image for name, image in odd.items()},
    }


def first_records(files: Sequence[str], count: int) -> dict[str, bytes]:
    """Returns the first records of TFRecord files, by their number.

    Raises:
      ValueError: The files contain no records.
    """
    records = islice(read_files(files), count)
    found = {str(number): record for number, record in enumerate(records)}
    if not found:
        raise ValueError("the test split is empty, so there is no image to send to the model")
    return found


def _write_signature(folder: Path, *requests: Mapping[str, bytes]) -> None:
    for kind, contents in zip((REAL, ODD, GARBAGE), requests, strict=True):
        (folder / kind).mkdir(parents=True)
        for name, content in contents.items():
            (folder / kind / name).write_bytes(content)


def _make_image(size: tuple[int, int]) -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, [6, 6, 3], dtype=np.uint8)
    return Image.fromarray(coarse).resize(size)


def _turned() -> bytes:
    """Returns EXIF metadata of a camera that was held upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return exif.tobytes()


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def png_bomb() -> bytes:
    """Returns a PNG whose header declares 50,000 x 50,000 pixels, and that contains none."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


def _make_example(content: bytes, feature: str = IMAGE) -> bytes:
    features = tf.train.Features(feature={feature: bytes_feature(content)})
    return tf.train.Example(features=features).SerializeToString()
