"""Generates pictures of every format, mode, orientation and colour profile, and how they look."""

from collections.abc import Iterator
from itertools import cycle, islice, product
from typing import NamedTuple

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from tests.encoding import encode

pillow_heif.register_heif_opener()

SIZE = (60, 44)
# The modes that are written in each format; `tRNS` stands for a transparent colour.
MODES = {
    "JPEG": ("L", "RGB", "CMYK"),
    "PNG": ("1", "L", "LA", "P", "P tRNS", "RGB", "RGBA", "I;16"),
    "GIF": ("L", "P", "P tRNS"),
    "BMP": ("1", "L", "P", "RGB"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
    "HEIF": ("RGB", "RGBA"),
    "JPEG2000": ("L", "RGB", "RGBA"),
    "PPM": ("L", "RGB"),
    "TGA": ("L", "RGB", "RGBA"),
    "ICO": ("RGBA",),
    "PCX": ("L", "P", "RGB"),
    "SGI": ("L", "RGB", "RGBA"),
}
# The formats whose orientation is read from EXIF; TIFF has a tag of its own, which is the same.
TURNED = ("JPEG", "PNG", "TIFF", "WEBP")
LOSSY = ("JPEG", "WEBP", "AVIF", "HEIF")
PROFILES = ("none", "sRGB", "XYZ")
ORIENTATION = 0x0112
# What turns the upright picture into the stored one, by orientation.
_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


class Picture(NamedTuple):
    """An encoded picture.

    Attributes:
      kind: The format.
      mode: The mode.
      content: The content of the file.
      upright: How it looks, uint8 [height, width, 3].
    """

    kind: str
    mode: str
    content: bytes
    upright: np.ndarray


def make_pictures(number: int) -> Iterator[Picture]:
    """Yields pictures: all formats and modes, over and over in other orientations and profiles."""
    kinds = [(kind, mode) for kind, modes in MODES.items() for mode in modes]
    variants = cycle(product(range(1, 9), "<>", PROFILES))
    for seed, (kind, mode) in enumerate(islice(cycle(kinds), number)):
        # The numbers of kinds and variants have no common factor, so that all of them meet.
        yield make_picture(kind, mode, seed, *next(variants))


def make_picture(
    kind: str,
    mode: str,
    seed: int = 0,
    orientation: int = 1,
    order: str = "<",
    profile: str = "none",
) -> Picture:
    """Returns a picture with smooth colours.

    Args:
      kind: The format.
      mode: The mode.
      seed: The seed of the colours.
      orientation: The EXIF orientation; other formats than those of `TURNED` have none.
      order: The byte order of the EXIF metadata.
      profile: The colour profile, one of `PROFILES`.
    """
    if kind not in TURNED:
        orientation = 1
    picture = _draw(seed, transparent=mode in ("LA", "RGBA"))
    image, upright = _in_mode(picture, mode)
    if orientation > 1:
        image = image.transpose(_STORED[orientation])
    content = encode(image, kind, **_options(image, kind, mode, orientation, order, profile))
    return Picture(kind, mode, content, upright)


def _draw(seed: int, transparent: bool) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, [3, 4, 4], np.uint8)
    picture = Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)
    return picture if transparent else picture.convert("RGB")


def _in_mode(picture: Image.Image, mode: str) -> tuple[Image.Image, np.ndarray]:
    """Returns a picture in a mode, and how it looks."""
    if mode in ("I;16", "I", "F"):
        grey = np.asarray(picture.convert("L"))
        values = {"I;16": grey * np.uint16(256), "I": grey.astype(np.int32), "F": grey / 255}
        image = Image.fromarray(values[mode].astype(np.float32) if mode == "F" else values[mode])
        return image, np.repeat(grey[..., None], 3, axis=-1)
    if mode == "P tRNS":
        image = picture.quantize(16)
        image.info["transparency"] = image.getpixel((0, 0))
    elif mode == "P":
        image = picture.quantize(64)
    else:
        image = picture.convert(mode)
    # Pillow's conversion changes the palette of a transparent image.
    colours = image.copy().convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return image, np.asarray(Image.alpha_composite(white, colours).convert("RGB"))


def _options(
    image: Image.Image, kind: str, mode: str, orientation: int, order: str, profile: str
) -> dict[str, object]:
    options: dict[str, object] = {}
    if "transparency" in image.info:
        options["transparency"] = image.info["transparency"]
    if orientation > 1:
        exif = Image.Exif()
        exif.endian = order
        exif[ORIENTATION] = orientation
        options["exif"] = exif if kind == "TIFF" else exif.tobytes()
    if profile != "none" and kind in ("JPEG", "PNG", "TIFF", "WEBP") and mode != "CMYK":
        options["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile(profile)).tobytes()
    if kind in LOSSY:
        options["quality"] = 95
    if kind == "ICO":
        options["sizes"] = [image.size]
    return options
