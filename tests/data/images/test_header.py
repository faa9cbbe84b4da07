"""How many pixels an image has, before it is decoded."""

import io
import random
import struct
import subprocess
import sys

import pytest
from PIL import Image

from components.serving_check.cases import bad_images, odd_images, png_bomb
from data.images.header import (
    MAX_GIF_BLOCKS,
    MAX_GIF_BLOCKS_BEFORE_FRAME,
    MAX_JPEG_FILL,
    MAX_JPEG_SCANS,
    MAX_JPEG_SEGMENTS,
    MAX_PNG_CHUNKS,
    SuspiciousImage,
    announced_pixels,
    decoded_pixels,
)

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


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100}])
def test_what_follows_the_end_of_a_jpeg_does_not_count(options):
    film = random.Random(0).randbytes(1_000_000) + b"\xff\xda" * 200
    assert decoded_pixels(encode("JPEG", **options) + film) == 1200


def test_the_preview_in_the_metadata_of_a_jpeg_does_not_count():
    preview = encode("JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview
    jpeg = encode("JPEG")
    assert decoded_pixels(jpeg[:2] + segment + jpeg[2:]) == 1200


def test_fill_bytes_and_restarts_of_a_jpeg_are_no_segments():
    jpeg = encode("JPEG", restart_marker_blocks=1)
    assert b"\xff\xd0" in jpeg
    assert decoded_pixels(jpeg[:2] + b"\xff" * 99 + jpeg[2:]) == 1200


def test_a_jpeg_of_many_segments_is_suspicious():
    jpeg = encode("JPEG")

    def with_comments(count: int) -> bytes:
        return jpeg[:2] + b"\xff\xfe\0\2" * count + jpeg[2:]

    assert decoded_pixels(with_comments(MAX_JPEG_SEGMENTS - 100)) == 1200
    with pytest.raises(SuspiciousImage, match="the JPEG has more than 10,000 segments"):
        decoded_pixels(with_comments(MAX_JPEG_SEGMENTS))


@pytest.mark.parametrize("fill", [b"\xff", b"\xff\0", b"a"])
def test_a_jpeg_of_many_bytes_between_segments_is_suspicious(fill):
    jpeg = encode("JPEG")
    with pytest.raises(SuspiciousImage, match="more than 1,000,000 bytes between its segments"):
        decoded_pixels(jpeg[:20] + fill * (MAX_JPEG_FILL + 1) + jpeg[20:])


def test_a_jpeg_without_pixels_is_suspicious():
    jpeg = encode("JPEG")
    with pytest.raises(SuspiciousImage, match="cannot be read"):
        decoded_pixels(jpeg[: jpeg.index(b"\xff\xda")] + b"\xff" * 1000)


def test_a_png_of_many_chunks_is_suspicious():
    png, chunk = encode("PNG"), b"\0\0\0\0teXt\xdb\x3c\x3c\x6b"
    assert decoded_pixels(png[:33] + chunk * (MAX_PNG_CHUNKS - 100) + png[33:]) == 1200
    with pytest.raises(SuspiciousImage, match="the PNG has more than 100,000 chunks"):
        decoded_pixels(png[:33] + chunk * MAX_PNG_CHUNKS + png[33:])


def test_what_follows_the_end_of_a_png_does_not_count():
    assert decoded_pixels(encode("PNG") + bytes(12 * MAX_PNG_CHUNKS)) == 1200


def test_a_png_that_does_not_begin_with_its_size_is_suspicious():
    # libpng skips the chunk, whose content is a small size.
    chunk = b"\0\0\0\x08teXt" + struct.pack(">II", 1, 1) + bytes(4)
    bomb = png_bomb()
    with pytest.raises(SuspiciousImage, match="cannot be read"):
        decoded_pixels(bomb[:8] + chunk + bomb[8:])


@pytest.mark.parametrize("size", [1, 255])
def test_a_gif_of_many_blocks_before_its_frame_is_suspicious(size):
    gif = encode("GIF")
    frame = gif.index(b"\x2c")

    def with_comment(blocks: int) -> bytes:
        block = bytes([size]) + b"a" * size
        return gif[:frame] + b"\x21\xfe" + block * blocks + b"\0" + gif[frame:]

    assert decoded_pixels(with_comment(MAX_GIF_BLOCKS_BEFORE_FRAME - 100)) == 2 * 1200
    with pytest.raises(SuspiciousImage, match="the GIF has more than 5,000 blocks"):
        decoded_pixels(with_comment(MAX_GIF_BLOCKS_BEFORE_FRAME))


def test_a_gif_without_a_frame_is_suspicious():
    gif = encode("GIF")
    with pytest.raises(SuspiciousImage, match="the GIF has no image"):
        decoded_pixels(gif[: gif.index(b"\x2c")] + b";")


def test_the_height_of_a_bmp_whose_top_row_is_first_is_negative():
    bmp = encode("BMP")
    assert decoded_pixels(bmp[:22] + struct.pack("<i", -30) + bmp[26:]) == 1200


def test_a_bmp_of_os2_has_at_least_the_pixels_of_either_reading():
    def os2(width: int, height: int, content: bytes) -> bytes:
        header = struct.pack("<IHHHH", 12, width, height, 1, 24)
        return b"BM" + struct.pack("<IHHI", 26 + len(content), 0, 0, 26) + header + content

    small, large = os2(40, 30, b""), os2(4000, 3000, bytes(100))
    assert announced_pixels(large) == 12_000_000
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (40, 30)
    # TensorFlow reads a width of 32 bits, 5000, and then decodes the bytes.
    assert decoded_pixels(os2(5000, 0, bytes(5_000_000))) > 5_000_000


def test_heic_is_read_although_nothing_else_has_prepared_pillow():
    pillow_heif = pytest.importorskip("pillow_heif")
    content = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), "red")).save(content)
    code = "import sys; from data.images.header import announced_pixels as count; "
    code += "print(count(sys.stdin.buffer.read()))"
    found = subprocess.run(
        [sys.executable, "-c", code], input=content.getvalue(), check=True, stdout=subprocess.PIPE
    )
    assert found.stdout == b"4096\n"


def test_other_formats_announce_their_pixels_to_pillow():
    assert announced_pixels(encode("WEBP")) == announced_pixels(encode("TIFF")) == 1200
    assert announced_pixels(b"text") == 0


@pytest.mark.parametrize("start", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"])
def test_a_header_that_cannot_be_read_is_suspicious(start):
    with pytest.raises(SuspiciousImage, match="cannot be read"):
        decoded_pixels(start + b"\0\1\2\3")
