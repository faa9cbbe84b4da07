import base64
import io
import re

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image

from pipeline.report_page import thumbnails
from pipeline.report_page.sources import ReportSources
from pipeline.report_page.thumbnails import Thumbnails


@pytest.fixture
def sources(toy_root, toy_run):
    return ReportSources(toy_root, toy_run)


def encode(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def shown(thumbnail) -> Image.Image:
    """Returns the picture in the `<img>` of a thumbnail."""
    found = re.search(r'src="data:image/webp;base64,([^"]+)"', str(escape(thumbnail)))
    assert found
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


def test_an_example_is_found_by_its_id(sources):
    table = sources.test
    pictures = sources.thumbnails
    wanted = [pictures.request("test", table.ids[row], f"row {row}") for row in (59, 3)]
    other = pictures.request("eval", sources.predictions("eval").ids[0])
    pictures.load()
    assert [shown(picture).size for picture in (*wanted, other)] == [(48, 48)] * 3
    assert shown(wanted[0]).tobytes() != shown(wanted[1]).tobytes()
    assert 'alt="row 59" width="48" height="48"' in str(escape(wanted[0]))


def test_the_first_examples_of_a_class_are_samples_of_it(sources):
    pictures = sources.thumbnails
    samples = pictures.request_samples("train", 2, 8)
    again = pictures.request("eval", sources.predictions("eval").ids[2])
    pictures.load()
    # The toy run has six training images of each class.
    assert [sample.found for sample in samples] == [True] * 6 + [False] * 2
    assert again.found


@pytest.mark.parametrize("examples", [None, "removed"])
def test_a_picture_that_is_gone_leaves_a_box_with_words(examples, tmp_path):
    pictures = Thumbnails(examples and tmp_path / examples)
    thumbnail = pictures.request("test", "0" * 16)
    pictures.load()
    assert str(escape(thumbnail)) == '<span class="no-picture">picture not found</span>'


def test_bytes_that_are_no_image_leave_a_box_with_the_reason():
    pictures = Thumbnails(None)
    thumbnail = pictures.from_bytes(b"<script>alert(1)</script>")
    pictures.load()
    assert "not an image" in str(escape(thumbnail))
    assert "<script>" not in str(escape(thumbnail))


def test_pictures_keep_their_shape_and_are_small():
    pictures = Thumbnails(None)
    wide = pictures.from_bytes(encode(Image.new("RGB", (600, 300), "red")))
    pictures.load()
    assert shown(wide).size == (128, 64)


def test_many_pictures_become_smaller_until_they_fit(monkeypatch):
    noise = np.random.default_rng(0).integers(0, 255, [128, 128, 3], np.uint8)
    content = encode(Image.fromarray(noise))
    monkeypatch.setattr(thumbnails, "MOST_BYTES", 60_000)
    pictures = Thumbnails(None)
    many = [pictures.from_bytes(content) for _ in range(20)]
    pictures.load()
    assert sum(len(str(escape(one))) for one in many) < 65_000
    assert all(shown(one).width < 128 for one in many)


def test_a_picture_that_several_sections_show_counts_each_time(monkeypatch, sources):
    def size(requests: int) -> int:
        pictures = Thumbnails(sources.artifact("ExampleGen", "examples"))
        wanted = [pictures.request("test", sources.test.ids[0]) for _ in range(requests)]
        pictures.load()
        return len(str(escape(wanted[0])))

    monkeypatch.setattr(thumbnails, "MOST_BYTES", 2 * size(1))
    assert size(50) < size(1)


def test_a_damaged_split_keeps_the_pictures_of_the_others(sources, caplog):
    table, pictures = sources.test, sources.thumbnails
    damaged = pictures.request("test", table.ids[-1])
    good = pictures.request("eval", sources.predictions("eval").ids[0])
    (file,) = (sources.artifact("ExampleGen", "examples") / "Split-test").glob("*.gz")
    content = file.read_bytes()
    try:
        file.write_bytes(content[: len(content) // 2])
        pictures.load()
    finally:
        file.write_bytes(content)
    assert not damaged.found
    assert shown(good).size == (48, 48)
    assert "the pictures of test could not be read" in caplog.text
