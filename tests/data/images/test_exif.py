import struct

import numpy as np
import pytest
from PIL import Image

from data.images.exif import exif_orientation
from tests.encoding import encode

ORIENTATION, SHORT, LONG = 0x0112, 3, 4
ENTRY = struct.pack("<HHIHH", ORIENTATION, SHORT, 1, 6, 0)


def tiff(*entries: bytes, count: int | None = None, order: bytes = b"II") -> bytes:
    number = len(entries) if count is None else count
    return order + struct.pack("<HIH", 42, 8, number) + b"".join(entries)


def draw(kind: str, exif: bytes = b"") -> bytes:
    return encode(Image.new("RGB", (4, 3)), kind, exif=exif)


def with_segment(payload: bytes, marker: int = 0xE1) -> bytes:
    """Returns a JPEG with a segment after its start."""
    jpeg = draw("JPEG")
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + jpeg[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_in_both_byte_orders(kind, order, orientation):
    exif = Image.Exif()
    exif.endian = order
    exif[271], exif[ORIENTATION], exif[306] = "maker", orientation, "2026:11:27 12:00:00"
    assert exif_orientation(draw(kind, exif.tobytes())) == orientation


def test_a_png_may_have_its_exif_after_the_pixels():
    png, chunk = draw("PNG"), b"eXIf" + tiff(ENTRY)
    end = png.index(b"IEND") - 4
    # Readers ignore a wrong checksum of a chunk that is not critical.
    late = png[:end] + struct.pack(">I", len(chunk) - 4) + chunk + bytes(4) + png[end:]
    assert exif_orientation(late) == 6


def test_the_first_exif_segment_counts_after_other_segments_and_fill_bytes():
    first, second = (
        with_segment(b"Exif\0\0" + tiff(e))[2:] for e in (ENTRY, ENTRY[:8] + b"\3\0\0\0")
    )
    cut = len(b"\xff\xe1\0\0Exif\0\0" + tiff(ENTRY))
    jpeg = b"\xff\xd8" + b"\xff\xe1\0\x08http\0\0" + b"\xff\xff" + first[:cut] + second
    assert exif_orientation(jpeg) == 6


@pytest.mark.parametrize(
    ("name", "exif"),
    [
        ("no EXIF", b""),
        ("other byte order", tiff(ENTRY, order=b"IM")),
        ("no directory", b"II*\0"),
        ("offset after the end", b"II*\0\xff\xff\xff\xff"),
        ("entry after the count", tiff(ENTRY, count=0)),
        ("entry cut off", tiff(ENTRY)[:-3]),
        ("orientation 0", tiff(ENTRY[:8] + bytes(4))),
        ("orientation 9", tiff(ENTRY[:8] + b"\x09\0\0\0")),
        ("orientation 256 times 6", tiff(ENTRY[:8] + b"\0\6\0\0")),
        ("a LONG", tiff(struct.pack("<HHII", ORIENTATION, LONG, 1, 6))),
        ("two values", tiff(struct.pack("<HHIHH", ORIENTATION, SHORT, 2, 6, 6))),
    ],
)
def test_malformed_exif_leaves_an_image_as_it_is(name, exif):
    jpeg = with_segment(b"Exif\0\0" + exif) if exif else draw("JPEG")
    assert exif_orientation(jpeg) == 1


def test_only_exif_segments_and_the_formats_with_exif_count():
    exif = b"Exif\0\0" + tiff(ENTRY)
    assert exif_orientation(with_segment(exif)) == 6
    assert exif_orientation(with_segment(exif, marker=0xE2)) == 1
    assert exif_orientation(b"RIFF" + with_segment(exif)) == 1
    after_scan = draw("JPEG")[:-2] + with_segment(exif)[2:]
    assert exif_orientation(after_scan) == 1
    assert exif_orientation(b"") == 1


def test_mutated_images_never_fail():
    random = np.random.default_rng(0)
    images = [draw(kind, tiff(ENTRY)) for kind in ("JPEG", "PNG")]
    for number in range(400):
        content = np.frombuffer(images[number % 2], np.uint8).copy()
        places = random.integers(0, min(len(content), 120), size=random.integers(1, 6))
        content[places] = random.integers(0, 256, size=len(places))
        content = content[: random.integers(1, len(content) + 1)]
        assert 1 <= exif_orientation(content.tobytes()) <= 8
