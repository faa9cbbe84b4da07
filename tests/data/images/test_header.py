"""How many pixels an image has, before it is decoded."""

import io

import pytest
from PIL import Image

from components.serving_check.cases import bad_images, odd_images, png_bomb
from data.images.header import MAX_GIF_BLOCKS, MAX_JPEG_SCANS, SuspiciousImage, decoded_pixels

ODD, BAD = odd_images(), bad_images()


def encode(kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(content, kind, **options)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_the_pixels_are_those_of_the_header(kind):
    assert decoded_pixels(encode(kind)) == 1200


def test_all_frames_of_a_gif_count():
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("blue", "green", "white")]
    # Its screen, and four frames.
    assert decoded_pixels(encode("GIF", save_all=True, append_images=frames)) == 5 * 1200


def test_a_truncated_gif_has_the_frames_that_begin():
    assert decoded_pixels(encode("GIF")[:-10]) == 2 * 1200


@pytest.mark.parametrize("name", ODD)
def test_images_that_a_model_must_accept_are_not_suspicious(name):
    assert decoded_pixels(ODD[name]) > 0


@pytest.mark.parametrize("name", ["empty", "text", "webp"])
def test_what_the_model_does_not_decode_has_no_pixels(name):
    assert decoded_pixels(BAD[name]) == 0


def test_a_bomb_is_suspicious():
    with pytest.raises(SuspiciousImage, match="more than 178,956,970 pixels"):
        decoded_pixels(png_bomb())


def test_a_jpeg_of_many_scans_is_suspicious():
    jpeg = encode("JPEG", progressive=True)
    start = jpeg.rindex(b"\xff\xda")
    scan = jpeg[start:-2]
    assert decoded_pixels(jpeg) == 1200
    with pytest.raises(SuspiciousImage, match="more than 100 scans"):
        decoded_pixels(jpeg[:start] + scan * MAX_JPEG_SCANS + jpeg[-2:])


def test_a_gif_of_many_blocks_is_suspicious():
    def with_comment(blocks: int) -> bytes:
        return encode("GIF")[:-1] + b"\x21\xfe" + b"\x01a" * blocks

    assert decoded_pixels(with_comment(MAX_GIF_BLOCKS - 100)) == 2 * 1200
    with pytest.raises(SuspiciousImage, match="more than 500,000 blocks"):
        decoded_pixels(with_comment(MAX_GIF_BLOCKS))


@pytest.mark.parametrize("start", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"])
def test_a_header_that_cannot_be_read_is_suspicious(start):
    with pytest.raises(SuspiciousImage, match="cannot be read"):
        decoded_pixels(start + b"\0\1\2\3")
