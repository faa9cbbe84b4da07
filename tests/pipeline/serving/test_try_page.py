"""The requests that the page sends; `tests/browser/test_try_page.py` opens it in a browser."""

import io

import pytest
from PIL import Image

from components.serving_check.cases import bad_images, odd_images
from data.images.header import MAX_JPEG_SCANS
from pipeline.inference.predict import PushedModel
from pipeline.serving.limits import Limits
from tests.pipeline.serving.running import Answer, Running, running

ODD, BAD = odd_images(), bad_images()


def classify(server: Running, content: bytes) -> Answer:
    return server.send("POST", "/classify", content)


def encode(kind: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "blue").save(content, kind, **options)
    return content.getvalue()


def test_the_answer_has_the_version_and_a_probability_for_each_class(server, root, picture):
    answer = classify(server, picture(1))
    (expected,) = PushedModel(root).classify([picture(1)])
    assert answer.status == 200
    assert (answer.body["version"], answer.body["label"]) == (1, "green")
    assert list(answer.body["probabilities"]) == ["red", "green", "blue"]
    assert list(answer.body["probabilities"].values()) == pytest.approx(expected.probabilities)


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "PPM", "JPEG2000"])
def test_formats_that_the_model_does_not_read_are_converted(server, kind):
    assert classify(server, encode(kind)).body["label"] == "blue"


@pytest.mark.parametrize("name", ODD)
def test_unusual_images_are_answered(server, name):
    assert classify(server, ODD[name]).status == 200


@pytest.mark.parametrize("name", sorted(set(BAD) - {"webp", "1_bit_bmp"}))
def test_what_is_no_image_is_an_error_in_words(server, name):
    answer = classify(server, BAD[name])
    assert answer.status == 400
    assert answer.error


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(root, kind):
    with running(root, Limits(pixels=10_000)) as server:
        answer = classify(server, encode(kind, (101, 100)))
        expected = "the image: 10,100 pixels, and an image may have 10,000"
        assert (answer.status, answer.error) == (413, expected)
        # The pixels of the file are missing, which would be another error.
        assert classify(server, encode(kind, (101, 100))[:200]).status == 413


def test_a_photograph_of_many_scans_is_refused_before_it_is_converted(server):
    content = io.BytesIO()
    Image.new("CMYK", (60, 40)).save(content, "JPEG", progressive=True)
    jpeg = content.getvalue()
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    answer = classify(server, jpeg[:-2] + scan * MAX_JPEG_SCANS + jpeg[-2:])
    expected = "the image: the JPEG has more than 100 scans"
    assert (answer.status, answer.error) == (400, expected)


def test_without_a_model_there_is_no_answer_and_a_page(tmp_path, picture):
    with running(tmp_path) as server:
        assert classify(server, picture(0)).status == 404
        assert server.get("/card").status == 404
        page = server.get("/")
        assert page.status == 200
        assert b"No model is served" in page.body


def test_the_page_may_load_nothing_from_elsewhere(server):
    page = server.get("/").body.decode()
    assert "default-src &#39;none&#39;; img-src blob: data:; connect-src &#39;self&#39;;" in page
