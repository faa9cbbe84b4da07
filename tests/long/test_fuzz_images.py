"""Random damage to images of all formats: each is read as RGB or refused with a reason."""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from data.images.reading import UnreadableImage, read_image
from tests.damage import damage_bytes
from tests.encoding import encode

FORMATS = {
    "JPEG": ["L", "RGB", "CMYK"], "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "GIF": ["L", "P", "RGBA"], "BMP": ["1", "L", "P", "RGB", "RGBA"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "I", "F", "I;16"],
    "WEBP": ["RGB", "RGBA"], "AVIF": ["RGB", "RGBA"], "HEIF": ["RGB", "RGBA"],
    "PPM": ["1", "L", "RGB", "I;16", "F"], "TGA": ["L", "P", "RGB", "RGBA"], "ICO": ["RGBA"],
    "ICNS": ["RGBA"], "JPEG2000": ["L", "RGB", "RGBA"], "MPO": ["RGB"], "PCX": ["L", "P", "RGB"],
    "SGI": ["L", "RGB"], "DDS": ["RGB", "RGBA"], "QOI": ["RGB", "RGBA"], "IM": ["L", "RGB", "F"],
    "MSP": ["1"], "XBM": ["1"], "SPIDER": ["F"], "BLP": ["P"], "DIB": ["RGB"],
}  # fmt: skip
COMPRESSIONS = ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4"]


def convert(image: Image.Image, mode: str) -> Image.Image:
    """Returns an image in a mode, to some of which Pillow converts only through grey."""
    if mode == "LAB":
        return Image.merge("LAB", image.split())
    if mode == "I;16":
        return image.convert("I").point(lambda value: value * 256).convert(mode)
    return image.convert(mode)


def encode_turned(image: Image.Image, kind: str, **options: Any) -> bytes:
    if kind in ("JPEG", "PNG", "WEBP"):
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = 6
    return encode(image, kind, **options)


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    """One small noise image in each mode of each format; the images are valid."""
    pillow_heif.register_heif_opener()
    pixels = np.random.default_rng(0).integers(0, 255, [32, 32, 3], np.uint8)
    image = Image.fromarray(pixels)
    contents = [
        encode_turned(convert(image, m), kind) for kind, modes in FORMATS.items() for m in modes
    ]
    for name in COMPRESSIONS:
        mode = "1" if name == "group4" else "RGB"
        contents.append(encode_turned(convert(image, mode), "TIFF", compression=name))
    for content in contents:
        assert read_image(content).mode == "RGB"
    return contents


def damaged(images: list[bytes], seed: int, count: int) -> Iterator[bytes]:
    random = Random(seed)
    for _ in range(count):
        yield damage_bytes(random, random.choice(images))


@pytest.mark.parametrize(
    ("seed", "count"),
    [
        pytest.param(0, 500, marks=pytest.mark.slow),
        *(pytest.param(seed, 2500, marks=pytest.mark.long) for seed in range(1, 5)),
    ],
)
def test_a_damaged_image_is_read_or_refused(
    assert_raises_only: Callable,
    images: list[bytes],
    capfd: pytest.CaptureFixture,
    seed: int,
    count: int,
) -> None:

    outcomes: Counter[str] = Counter()

    def check(content: bytes) -> None:
        try:
            image = read_image(content)
        except UnreadableImage:
            outcomes["refused"] += 1
            raise
        outcomes["read"] += 1
        assert image.mode == "RGB"
        assert min(image.size) > 0

    assert_raises_only(UnreadableImage, check, damaged(images, seed, count))
    # Neither all damage is harmless, nor is all of it found.
    assert min(outcomes["read"], outcomes["refused"]) > count // 100
    assert capfd.readouterr() == ("", "")
