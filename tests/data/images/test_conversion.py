"""Image files become the JPEGs that records contain."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from data.images.conversion import read_as_jpeg
from data.images.reading import UnreadableImage


@pytest.fixture
def save(tmp_path, make_image):
    """Returns a function that writes an image file and returns its path."""

    def write(name="a.jpg", mode="RGB", height=40, width=60, **options):
        path = tmp_path / name
        Image.fromarray(make_image(1, height, width)).convert(mode).save(path, **options)
        return str(path)

    return write


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def with_orientation(number: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def test_a_jpeg_that_needs_no_change_keeps_its_bytes(save):
    for path in (save(), save("b.jpg", exif=with_orientation(1))):
        with open(path, "rb") as file:
            assert read_as_jpeg(path, None) == (file.read(), (60, 40))
        assert read_as_jpeg(path, 100)[1] == (60, 40)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.jpg", "L"), ("a.jpg", "CMYK"), ("a.png", "RGBA"), ("a.png", "P"), ("a.png", "1"),
     ("a.gif", "P"), ("a.webp", "RGB"), ("a.tif", "RGB"), ("a.bmp", "RGB"), ("a.ppm", "RGB")],
)  # fmt: skip
def test_any_format_and_mode_becomes_an_rgb_jpeg(save, name, mode):
    content, size = read_as_jpeg(save(name, mode), None)
    assert (opened(content).format, opened(content).mode) == ("JPEG", "RGB")
    assert opened(content).size == size == (60, 40)


def test_the_shorter_side_is_resized(save):
    content, size = read_as_jpeg(save(height=300, width=200), 100)
    assert size == opened(content).size == (100, 150)


def test_the_orientation_is_applied(save):
    content, size = read_as_jpeg(save(exif=with_orientation(6)), None)
    assert size == opened(content).size == (40, 60)
    assert opened(content).getexif().get(0x0112, 1) == 1


def test_transparent_images_get_the_background(tmp_path):
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "a.png")
    for background in ((255, 255, 255), (0, 128, 0)):
        content, _ = read_as_jpeg(str(tmp_path / "a.png"), None, background)
        assert np.abs(np.asarray(opened(content)).astype(int) - background).max() <= 2


def test_unreadable_files_raise_the_reason(save, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(UnreadableImage, match="not an image that Pillow can read"):
        read_as_jpeg(str(tmp_path / "text.jpg"), None)
    path = save("cut.png", height=200)
    with open(path, "rb+") as file:
        file.truncate(200)
    with pytest.raises(UnreadableImage, match=r"truncated|corrupt"):
        read_as_jpeg(path, None)
    with pytest.raises(UnreadableImage, match="No such file"):
        read_as_jpeg(str(tmp_path / "nothing.jpg"), None)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadableImage, match="not a regular file"):
        read_as_jpeg(str(tmp_path / "pipe.jpg"), None)


def test_a_large_image_is_read_if_it_becomes_smaller(tmp_path):
    Image.new("L", (10_000, 5_001)).save(tmp_path / "a.png")
    assert read_as_jpeg(str(tmp_path / "a.png"), 100)[1] == (200, 100)


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((7, 100), "smaller than 8 px"),
        ((65_600, 8), "longer than 65,500 px"),
        ((10_000, 5_001), "more than 50,000,000 pixels; --size makes images smaller"),
    ],
)
def test_sizes_that_no_record_can_have_are_refused(tmp_path, size, reason):
    Image.new("L", size).save(tmp_path / "a.png")
    with pytest.raises(UnreadableImage, match=reason):
        read_as_jpeg(str(tmp_path / "a.png"), None)
