import numpy as np
import pytest
from PIL import Image

from components.example_gen.image_checks import InvalidImage, check_image
from tests.encoding import encode

LIMIT = 10_000_000


def test_a_palette_bmp_is_refused_because_tensorflow_reads_its_indices(picture):
    content = encode(picture.quantize(200), "BMP")
    with pytest.raises(InvalidImage, match="decodes this BMP of mode P to other colours"):
        check_image(content, LIMIT)


def test_a_grey_bmp_has_the_right_colours(picture):
    grey = picture.convert("L")
    pixels = check_image(encode(grey, "BMP"), LIMIT)
    assert (pixels[..., 0] == np.asarray(grey)).all()


@pytest.mark.parametrize("mode", ["P", "1", "I;16", "CMYK", "RGBA", "LA"])
def test_what_both_decoders_read_in_the_same_way_is_valid(picture, mode):
    image = (
        picture.convert("I").point(lambda v: v * 256).convert(mode)
        if mode == "I;16"
        else (picture.convert(mode))
    )
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert check_image(encode(image, kind), LIMIT).shape == (40, 60, 3)


def test_a_transparent_gif_is_refused(picture):
    palette = picture.quantize(16)
    assert check_image(encode(palette, "GIF"), LIMIT).shape == (40, 60, 3)
    with pytest.raises(InvalidImage, match="a transparent GIF"):
        check_image(encode(palette, "GIF", transparency=3), LIMIT)


def test_a_turned_image_is_checked_upright(picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode, kind in (("RGB", "JPEG"), ("CMYK", "JPEG"), ("P", "PNG")):
        content = encode(picture.convert(mode), kind, exif=exif.tobytes())
        assert check_image(content, LIMIT).shape == (60, 40, 3)
