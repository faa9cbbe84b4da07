import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.example_gen.checks import InvalidRecord, check_record
from components.serving_check.cases import png_bomb
from data.records import encode_example

CLASSES = ["daisy", "roses"]
LIMIT = 10_000_000


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


@pytest.fixture
def picture(make_image) -> Image.Image:
    return Image.fromarray(make_image(1, 40, 60))


def check(image: bytes, class_id=1):
    return check_record(encode_example(image, class_id, CLASSES, (1, 1)), CLASSES, LIMIT)


def changed(image: bytes, change) -> bytes:
    example = tf.train.Example.FromString(encode_example(image, 1, CLASSES, (1, 1)))
    change(example.features.feature)
    return example.SerializeToString()


def test_a_valid_record_has_pixels_and_label(picture):
    found = check(encoded(picture, "PNG"))
    assert np.array_equal(found.pixels, np.asarray(picture))
    assert found.label == "roses"


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("L", "JPEG", {}),
        ("CMYK", "JPEG", {}),
        ("RGB", "JPEG", {"progressive": True}),
        ("RGBA", "PNG", {}),
        ("LA", "PNG", {}),
        ("I;16", "PNG", {}),
        ("P", "PNG", {}),
        ("1", "PNG", {}),
        ("P", "GIF", {}),
        ("RGB", "BMP", {}),
    ],
)
def test_images_of_other_modes_and_formats_are_decoded_as_rgb(picture, mode, kind, options):
    # Pillow converts RGB to 16 bits only by way of a 32-bit grey channel.
    source = picture.convert("I").convert(mode) if mode == "I;16" else picture.convert(mode)
    found = check(encoded(source, kind, **options))
    assert found.pixels.shape == (40, 60, 3)
    assert found.pixels.dtype == np.uint8


def test_trailing_bytes_are_valid(picture):
    assert check(encoded(picture, "JPEG") + b"\0" * 100).pixels.shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"", "no bytes"),
        (b"not an image at all", "not an image"),
        (png_bomb(), r"more pixels than data\.max_pixels allows \(10,000,000\)"),
        (encoded(Image.new("RGB", (7, 200)), "PNG"), "smaller than 8 px per side"),
        (encoded(Image.new("RGB", (4000, 3000)), "PNG"), "more pixels"),
        (encoded(Image.new("RGB", (20, 20)), "WEBP"), "a WEBP; it must be a JPEG"),
    ],
)
def test_an_invalid_image_raises_the_reason(image, reason):
    with pytest.raises(InvalidRecord, match=reason):
        check(image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_truncated_image_is_invalid(picture, kind, share):
    whole = encoded(picture, kind)
    with pytest.raises(InvalidRecord, match="truncated or corrupt"):
        check(whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f.pop("image"), "'image' is missing"),
        (lambda f: f.pop("class"), "'class' is missing"),
        (lambda f: f["image"].bytes_list.value.append(b"x"), "'image' has 2 values"),
        (lambda f: f["class"].int64_list.value.append(0), "'class' has 2 values"),
        (lambda f: f["class"].float_list.value.append(1), "'class' is float_list, expected int64"),
        (lambda f: f["class"].int64_list.value.__setitem__(0, 9), "class 9 is not in 0 to 1"),
        (lambda f: f["class"].int64_list.value.__setitem__(0, -1), "class -1 is not in 0 to 1"),
        (lambda f: f["class"].int64_list.value.__setitem__(0, 0), "label is roses, but class 0 is"),
        (lambda f: f["label"].bytes_list.value.__setitem__(0, b"\xff"), "not valid UTF-8"),
    ],
)
def test_an_invalid_feature_is_named(picture, change, reason):
    with pytest.raises(InvalidRecord, match=reason):
        check_record(changed(encoded(picture, "PNG"), change), CLASSES, LIMIT)


@pytest.mark.parametrize("content", [b"\xff\xff\xff", b"text instead of an example"])
def test_bytes_other_than_an_example_are_invalid(content):
    with pytest.raises(InvalidRecord, match=r"not a tf\.Example|is missing"):
        check_record(content, CLASSES, LIMIT)


def test_an_unknown_class_is_left_to_the_schema(picture):
    def rename(features):
        features["label"].bytes_list.value[0] = b"cactus"
        features["class"].int64_list.value[0] = 7

    content = changed(encoded(picture, "PNG"), rename)
    assert check_record(content, CLASSES, LIMIT).label == "cactus"
