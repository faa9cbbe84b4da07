import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.transform.decoding import decode_bytes, decode_rgb
from components.transform.preprocessing import preprocess
from tests.encoding import encode

ORIENTATION = 0x0112
# What NumPy does to the stored pixels, by orientation.
TURNED = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}


def decode(content: bytes) -> np.ndarray:
    return decode_rgb(tf.constant(content)).numpy()


def on_white(content: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(content)).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


@pytest.fixture
def transparent(make_image) -> Image.Image:
    """A picture whose alpha channel has all kinds of values."""
    image = Image.fromarray(make_image(0))
    image.putalpha(Image.fromarray(make_image(1)[..., 0]))
    return image


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "RGBA"),
     ("PNG", "L"), ("PNG", "P"), ("GIF", "P"), ("BMP", "RGB")],
)  # fmt: skip
def test_common_formats_are_decoded_to_rgb(make_image, kind, mode):
    image = make_image()
    pixels = decode(encode(Image.fromarray(image).convert(mode), kind))
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    colours = image if mode not in "L" else image.mean(-1, keepdims=True)
    assert np.abs(pixels.astype(float) - colours).mean() < 25


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_upright_exactly(make_image, kind, order, orientation):
    exif = Image.Exif()
    exif.endian = order
    exif[ORIENTATION] = orientation
    content = encode(Image.fromarray(make_image()), kind, exif=exif.tobytes())
    plain = tf.io.decode_image(content, channels=3, expand_animations=False).numpy()
    expected = TURNED[orientation](plain)
    assert (decode(content) == expected).all()
    # The graph that is served decodes it in the same way.
    served = tf.function(decode_rgb, input_signature=[tf.TensorSpec([], tf.string)])
    assert (served(tf.constant(content)).numpy() == expected).all()
    assert (decode_bytes(content) == expected).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_transparent_png_is_shown_on_white(transparent, mode):
    content = encode(transparent.convert(mode), "PNG")
    assert np.abs(decode(content).astype(int) - on_white(content)).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
@pytest.mark.parametrize("colours", [None, 2, 4, 16, 200])
@pytest.mark.parametrize("chunk", [False, True])
def test_the_transparent_colours_of_a_png_are_white(make_image, mode, colours, chunk):
    image = Image.fromarray(make_image()).convert(mode)
    if colours:
        image = image.convert("RGB").quantize(colours)
    options = {"transparency": image.getpixel((0, 0))} if chunk else {}
    content = encode(image, "PNG", **options)
    decoded = decode(content)
    assert (decoded == on_white(content)).all()
    assert not chunk or (decoded[0, 0] == 255).all()


def test_a_16_bit_png_keeps_the_high_byte(make_image):
    grey = Image.fromarray(make_image()).convert("L")
    deep = grey.convert("I").point(lambda value: value * 256 + 200).convert("I;16")
    assert (decode(encode(deep, "PNG"))[..., 0] == np.asarray(grey)).all()


def test_other_formats_are_refused_whatever_tensorflow_decodes(make_image):
    image = Image.fromarray(make_image())
    for content in (b"", b"no image", encode(image, "WEBP"), encode(image, "TIFF")):
        with pytest.raises(tf.errors.InvalidArgumentError, match="not a JPEG, PNG, GIF or BMP"):
            decode(content)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"])
def test_a_header_alone_is_refused(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode(content)


def test_preprocessing_turns_an_image_upright_first(make_image):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = Image.fromarray(make_image())
    turned = image.transpose(Image.Transpose.ROTATE_270)
    stored = encode(image, "PNG", exif=exif.tobytes())
    expected = preprocess(tf.constant(encode(turned, "PNG")), 32)
    assert (preprocess(tf.constant(stored), 32).numpy() == expected.numpy()).all()
