"""Images of every format and mode are read as people see them, or refused with a reason."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pillow_heif
import pytest
import tensorflow as tf
from PIL import ExifTags, Image

from data.common.errors import UsageError
from data.images.reading import UnreadableImage, parse_colour, read_image
from tests.encoding import encode

RAMP = np.tile(np.linspace(0, 1, 20), (10, 1))


@pytest.fixture(autouse=True)
def _heic():
    """Lets Pillow write HEIC; `read_image` lets it only read it."""
    pillow_heif.register_heif_opener()


def read(image: Image.Image, kind: str = "PNG", **options) -> np.ndarray:
    """Returns what is read of an image that is written in a format, int64 [height, width, 3]."""
    found = read_image(encode(image, kind, **options))
    assert found.mode == "RGB"
    return np.asarray(found).astype(int)


@pytest.mark.parametrize(
    "values",
    [
        RAMP.astype(np.float32),
        (RAMP * 255).astype(np.float32),
        (RAMP * 255).astype(np.int32),
        (RAMP * 65_535).astype(np.int32),
        (RAMP * 1e6).astype(np.int32),
        (RAMP * 2000 - 1000).astype(np.int32),
        (RAMP * 2 - 1).astype(np.float32),
        (RAMP * 65_535).astype(np.uint16),
    ],
    ids=["0..1", "float 0..255", "0..255", "0..65535", "0..1e6", "-1000..1000", "-1..1", "16 bits"],
)
def test_a_ramp_from_black_to_white_stays_one(values):
    pixels = read(Image.fromarray(values), "TIFF")
    assert np.abs(pixels - (RAMP * 255)[..., None]).max() <= 1


def test_the_full_scale_of_the_values_is_kept():
    half = (RAMP * 100).astype(np.int32)
    assert read(Image.fromarray(half), "TIFF").max() == 100
    assert read(Image.fromarray((RAMP * 0.5).astype(np.float32)), "TIFF").max() == 128


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bits_keep_their_high_byte(kind):
    values = (RAMP * 20_000).astype(np.uint16)
    pixels = read(Image.fromarray(values), kind)
    assert (pixels[..., 0] == values >> 8).all()


def test_unsigned_32_bits_are_not_read_as_negative():
    values = (RAMP * 2**32).clip(0, 2**32 - 1).astype(np.uint32)
    content = encode(Image.fromarray(values.view(np.int32)), "TIFF")
    # The tag SampleFormat: 339, SHORT, one value, 2 for signed and 1 for unsigned.
    signed = b"\x53\x01\x03\x00\x01\x00\x00\x00\x02"
    assert content.count(signed) == 1
    pixels = np.asarray(read_image(content.replace(signed, signed[:-1] + b"\x01"))).astype(int)
    assert np.abs(pixels - (RAMP * 255)[..., None]).max() <= 1


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [
        (np.where(RAMP > 0.5, np.nan, RAMP).astype(np.float32), "TIFF", "infinite or not numbers"),
        (np.where(RAMP > 0.5, np.inf, RAMP).astype(np.float32), "TIFF", "infinite or not numbers"),
        (np.full((9, 9), 1e6, np.float32), "TIFF", "all values are the same"),
        (np.full((9, 9), -1, np.int32), "TIFF", "all values are the same"),
        (np.full((9, 9), 1e-9, np.float32), "TIFF", "would be black"),
        ((RAMP * 255).astype(np.uint16), "PNG", "would be black"),
        ((RAMP * 255).astype(np.uint16), "TIFF", "would be black"),
        ((RAMP * 255).astype(np.uint16), "PPM", "would be black"),
    ],
)
def test_values_without_a_meaning_are_refused(values, kind, reason):
    with pytest.raises(UnreadableImage, match=reason):
        read(Image.fromarray(values), kind)


def test_a_black_image_stays_black():
    for values in (np.zeros((9, 9), np.float32), np.zeros((9, 9), np.uint16)):
        assert read(Image.fromarray(values), "TIFF").max() == 0


def png_16(pixels: np.ndarray) -> bytes:
    """Returns an RGB PNG of 16 bits, which Pillow cannot write."""
    return tf.io.encode_png(tf.constant(pixels, tf.uint16)).numpy()


def test_colours_of_16_bits_that_would_be_black_are_refused():
    dark = np.full((9, 9, 3), 255)
    with pytest.raises(UnreadableImage, match="would be black"):
        read_image(png_16(dark))
    assert np.asarray(read_image(png_16(dark * 257))).min() == 255


TRANSPARENT = [
    ("RGBA", (200, 0, 0, 0), ["PNG", "WEBP", "TIFF", "AVIF", "GIF", "TGA", "HEIF", "JPEG2000"]),
    ("LA", (0, 0), ["PNG", "WEBP", "TIFF", "AVIF", "TGA", "HEIF", "JPEG2000"]),
]


@pytest.mark.parametrize(
    ("mode", "colour", "kind"),
    [(mode, c, kind) for mode, c, kinds in TRANSPARENT for kind in kinds],
)
def test_transparent_images_are_shown_on_the_background(mode, colour, kind):
    content = encode(Image.new(mode, (16, 16), colour), kind)
    assert np.asarray(read_image(content)).min() >= 254
    blue = np.asarray(read_image(content, (0, 0, 255)))
    assert np.abs(blue.astype(int) - [0, 0, 255]).max() <= 1


def test_half_transparent_pixels_are_mixed():
    assert set(read(Image.new("RGBA", (9, 9), (0, 0, 0, 128))).flat) == {127}


@pytest.mark.parametrize(
    ("mode", "colour", "transparency"),
    [
        ("P", 0, 0), ("P", 0, b"\0\xff"), ("L", 7, 7), ("RGB", (1, 2, 3), (1, 2, 3)),
        ("1", 0, 0), ("I;16", 300, 300),
    ],
)  # fmt: skip
def test_a_transparent_colour_of_a_png_is_shown_white(mode, colour, transparency):
    image = Image.new(mode, (16, 16), colour)
    if mode == "P":
        image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((0, 0), {"RGB": (255, 0, 0), "I;16": 65_535, "P": 1}.get(mode, 255))
    pixels = read(image, transparency=transparency)
    assert pixels[1:].min() == 255
    if mode in ("P", "RGB"):
        assert pixels[0, 0].min() == 0


def chunk(name: bytes, content: bytes) -> bytes:
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def test_a_transparent_grey_of_4_bits_is_shown_white():
    # Two columns of black and white; white, 15, is the transparent grey, on a blue background.
    header = struct.pack(">IIBBBBB", 2, 8, 4, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\x0f" * 8)
    parts = [(b"IHDR", header), (b"tRNS", b"\0\x0f"), (b"IDAT", rows), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
    assert np.asarray(read_image(content, (0, 0, 255)))[0].tolist() == [[0, 0, 0], [0, 0, 255]]


def test_lab_is_converted():
    image = Image.merge("LAB", [Image.new("L", (9, 9), value) for value in (255, 128, 128)])
    assert read(image, "TIFF").min() >= 253


TURNED = [("JPEG", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("AVIF", {}),
          ("TIFF", {"compression": "tiff_lzw"})]  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), TURNED)
def test_images_are_turned_upright_once(kind, options):
    image = Image.new("RGB", (32, 16), "black")
    image.paste((255, 255, 255), (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = read(image, kind, exif=exif, **options)
    assert pixels.shape == (32, 16, 3)
    assert pixels[4, 12].min() > 240
    assert pixels[4, 4].max() < 15


def test_a_large_jpeg_can_be_read_smaller_and_upright():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    content = encode(Image.new("RGB", (1600, 800), "red"), "JPEG", exif=exif)
    assert read_image(content).size == (800, 1600)
    small = read_image(content, smallest=100)
    assert small.size == (100, 200)
    assert np.abs(np.asarray(small).astype(int) - [254, 0, 0]).max() <= 1
    png = encode(Image.new("RGB", (1600, 800)), "PNG")
    assert read_image(png, smallest=100).size == (1600, 800)


def test_xmp_does_not_turn_an_image():
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    for kind in ("JPEG", "WEBP"):
        assert read(Image.new("RGB", (32, 16)), kind, xmp=xmp).shape == (16, 32, 3)


def test_broken_avif_and_other_files_give_a_reason():
    avif = encode(Image.new("RGB", (32, 32), "red"), "AVIF")
    for content in (avif[:200], avif[:-40], avif[:100] + bytes(100) + avif[200:]):
        with pytest.raises(UnreadableImage, match=r"corrupt|not an image"):
            read_image(content)
    for content in (b"", b"no image", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(UnreadableImage, match="not an image that Pillow can read"):
            read_image(content)


def test_images_cut_at_different_bytes_have_the_same_reason():
    noise = np.random.default_rng(0).integers(0, 256, [64, 64, 3], np.uint8)
    jpeg = encode(Image.fromarray(noise), "JPEG")
    reasons = set()
    for length in range(len(jpeg) // 2, len(jpeg) - 20, 97):
        with pytest.raises(UnreadableImage) as error:
            read_image(jpeg[:length])
        reasons.add(str(error.value))
    assert reasons == {"corrupt image: image file is truncated"}


def test_heic_is_read_if_its_package_is_installed_or_names_it(tmp_path):
    heic = encode(Image.new("RGB", (32, 32), "red"), "HEIF", quality=90)
    assert np.abs(np.asarray(read_image(heic)).astype(int) - [255, 0, 0]).max() < 10
    (tmp_path / "a.heic").write_bytes(heic)
    code = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from data.images.reading import read_image\n"
        "read_image(open(sys.argv[1], 'rb').read())"
    )
    command = [sys.executable, "-c", code, tmp_path / "a.heic"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "pip install pillow-heif, or uv sync --extra heic" in done.stderr


def test_damaged_images_write_nothing_to_the_console(tmp_path):
    bomb = bytearray(encode(Image.new("RGB", (9, 9)), "BMP"))
    bomb[18:26] = struct.pack("<ii", 10_000, 10_000)
    noise = np.random.default_rng(0).integers(0, 2, [32, 32]).astype(bool)
    fax = bytearray(encode(Image.fromarray(noise), "TIFF", compression="group4"))
    fax[40:80] = bytes(value ^ 255 for value in fax[40:80])
    exif = encode(Image.new("RGB", (9, 9)), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12")
    for index, content in enumerate((bomb, fax, exif)):
        (tmp_path / f"{index}.image").write_bytes(content)
    code = (
        "import sys\nfrom data.images.reading import UnreadableImage, read_image\n"
        "for file in sys.argv[1:]:\n    try:\n        read_image(open(file, 'rb').read())\n"
        "    except UnreadableImage:\n        pass"
    )
    command = [sys.executable, "-c", code, *sorted(tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("text", ["white", "#ffffff", "#FFF", "rgb(255, 255, 255)"])
def test_colours_have_names_or_numbers(text):
    assert parse_colour(text) == (255, 255, 255)


@pytest.mark.parametrize("text", ["", "whit", "#12", "#12345678", "1,2,3", "rgba(1, 2, 3, 4)"])
def test_other_colours_are_a_usage_error(text):
    with pytest.raises(UsageError, match="--background must be the name of a colour"):
        parse_colour(text)
