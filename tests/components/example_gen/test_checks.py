import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.example_gen.checks import (
    InvalidRecord,
    RecordRules,
    check_record,
    extract_source,
)
from components.serving_check.cases import png_bomb
from data.features import UNCHANGED, feature_names
from data.records import encode_example
from tests.encoding import encode

CLASSES = ["daisy", "roses"]
RULES = RecordRules(CLASSES, 10_000_000, UNCHANGED)


def check(image: bytes, class_id=1):
    return check_record(encode_example(image, class_id, CLASSES, (1, 1)), RULES)


def changed(image: bytes, change) -> bytes:
    example = tf.train.Example.FromString(encode_example(image, 1, CLASSES, (1, 1)))
    change(example.features.feature)
    return example.SerializeToString()


def test_a_valid_record_has_pixels_and_label(picture):
    found = check(encode(picture, "PNG"))
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
    if mode == "I;16":
        # Pillow converts RGB to 16 bits only by way of a 32-bit grey channel.
        picture = picture.convert("L").convert("I").point(lambda value: value * 256)
    source = picture.convert(mode)
    found = check(encode(source, kind, **options))
    assert found.pixels.shape == (40, 60, 3)
    assert found.pixels.dtype == np.uint8


def test_trailing_bytes_are_valid(picture):
    assert check(encode(picture, "JPEG") + b"\0" * 100).pixels.shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"", "no bytes"),
        (b"not an image at all", "not an image"),
        (png_bomb(), r"more pixels than data\.max_pixels allows \(10,000,000\)"),
        (encode(Image.new("RGB", (7, 200)), "PNG"), "smaller than 8 px per side"),
        (encode(Image.new("RGB", (4000, 3000)), "PNG"), "more pixels"),
        (encode(Image.new("RGB", (20, 20)), "WEBP"), "of format WEBP, not JPEG"),
    ],
)
def test_an_invalid_image_raises_the_reason(image, reason):
    with pytest.raises(InvalidRecord, match=reason):
        check(image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_truncated_image_is_invalid(picture, kind, share):
    whole = encode(picture, kind)
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
        (
            lambda f: f["label"].bytes_list.value.__setitem__(0, b"a\nb"),
            "the label is not a valid class name: a class name",
        ),
    ],
)
def test_an_invalid_feature_is_named(picture, change, reason):
    with pytest.raises(InvalidRecord, match=reason):
        check_record(changed(encode(picture, "PNG"), change), RULES)


@pytest.mark.parametrize("content", [b"\xff\xff\xff", b"text instead of an example"])
def test_bytes_other_than_an_example_are_invalid(content):
    with pytest.raises(InvalidRecord, match=r"not a tf\.Example|is missing"):
        check_record(content, RULES)


def test_an_unknown_class_is_left_to_the_schema(picture):
    def rename(features):
        features["label"].bytes_list.value[0] = b"cactus"
        features["class"].int64_list.value[0] = 7

    content = changed(encode(picture, "PNG"), rename)
    assert check_record(content, RULES).label == "cactus"


def feature(value) -> tf.train.Feature:
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def example(**values) -> bytes:
    features = {name.replace("__", "/"): feature(value) for name, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def content_of(valid) -> dict[str, list]:
    found = tf.train.Example.FromString(valid.content).features.feature
    return {
        name: list(getattr(value, value.WhichOneof("kind")).value) for name, value in found.items()
    }


def test_a_record_in_our_layout_keeps_its_bytes(picture):
    content = encode_example(encode(picture, "JPEG"), 1, CLASSES, (60, 40), "roses/a.jpg")
    valid = check_record(content, RULES)
    assert valid.content is content
    assert valid.ignored == ()
    assert extract_source(content, RULES.features) == "roses/a.jpg"


def test_features_of_another_layout_are_renamed_and_others_are_left_out(picture):
    image = encode(picture, "JPEG")
    content = example(
        image__encoded=image, image__class__label=1, image__class__text=b"roses", camera=b"x", iso=9
    )
    names = {"image": "image/encoded", "class": "image/class/label", "label": "image/class/text"}
    rules = RecordRules(CLASSES, 10_000_000, feature_names({**names, "camera": "camera"}))
    valid = check_record(content, rules)
    assert content_of(valid) == {
        "image": [image], "class": [1], "label": [b"roses"], "camera": [b"x"]
    }  # fmt: skip
    assert valid.ignored == ("iso",)


def test_optional_features_of_other_types_are_foreign(picture):
    image = encode(picture, "JPEG")
    required = {"image": image, "class": 1, "label": b"roses"}
    valid = check_record(example(**required, size=b"large", source=7), RULES)
    assert content_of(valid) == {name: [value] for name, value in required.items()}
    assert valid.ignored == ("size", "source")


def test_labels_come_from_the_class_names_if_the_records_have_only_ids(picture):
    rules = RecordRules(CLASSES, 10_000_000, feature_names({"class": "label", "label": None}))
    valid = check_record(example(image=encode(picture, "JPEG"), label=1), rules)
    assert valid.label == "roses"
    assert content_of(valid)["label"] == [b"roses"]
    with pytest.raises(InvalidRecord, match="class 2 is not in 0 to 1"):
        check_record(example(image=encode(picture, "JPEG"), label=2), rules)


def test_a_missing_feature_is_reported_with_those_found():
    with pytest.raises(InvalidRecord, match="'image' is missing; found: image/encoded, label"):
        check_record(example(image__encoded=b"x", label=1), RULES)


@pytest.mark.parametrize(
    "content", [b"\xff\xff", example(image=b"x"), example(source=3), b""]
)  # fmt: skip
def test_a_record_without_a_source_names_none(content):
    assert extract_source(content, RULES.features) == ""


def test_a_label_is_written_in_the_form_of_the_class_name(picture):
    def decompose(features):
        features["label"].bytes_list.value[0] = " rose\u0301s ".encode()

    rules = RecordRules(["daisy", "ros\xe9s"], 10_000_000, UNCHANGED)
    valid = check_record(changed(encode(picture, "PNG"), decompose), rules)
    assert valid.label == "ros\xe9s"
    assert content_of(valid)["label"] == ["ros\xe9s".encode()]
