"""Every known kind of damaged record, among valid ones."""

import io
from collections.abc import Callable

import pytest
import tensorflow as tf
from PIL import Image

from data.records import encode_example
from data.synthetic import CLASS_NAMES, write_sample

DAISY = 0


def picture(size=(40, 30), kind="JPEG", colour="red") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, kind)
    return content.getvalue()


def record(image: bytes, change: Callable | None = None, class_id: int = DAISY) -> bytes:
    example = tf.train.Example.FromString(encode_example(image, class_id, CLASS_NAMES, (1, 1)))
    if change:
        change(example.features.feature)
    return example.SerializeToString()


DAMAGED = [
    (b"\xff\xff", "not a tf.Example"),
    (record(b""), "the image has no bytes"),
    (record(b"no image"), "not an image"),
    (record(picture()[:-200]), "the image is truncated or corrupt"),
    (record(picture((7, 40))), "smaller than 8 px per side"),
    (record(picture((400, 300))), "more pixels than data.max_pixels allows (90,000)"),
    (record(picture(kind="WEBP")), "the image is of format WEBP, not JPEG, PNG, GIF or BMP"),
    (
        record(picture(), lambda f: f.pop("image")),
        "the feature 'image' is missing; found: class, label, one_hot_class, size",
    ),
    (
        record(picture(), lambda f: f.pop("label")),
        "the feature 'label' is missing; found: class, image, one_hot_class, size",
    ),
    (
        record(picture(), lambda f: f["class"].int64_list.value.append(1)),
        "the feature 'class' has 2 values, expected 1",
    ),
    (
        record(picture(), lambda f: f["class"].float_list.value.append(1)),
        "the feature 'class' is float_list, expected int64_list",
    ),
    (
        record(picture(), lambda f: f["class"].int64_list.value.__setitem__(0, 9)),
        "class 9 is not in 0 to 4",
    ),
    (
        record(picture(), lambda f: f["class"].int64_list.value.__setitem__(0, 1)),
        "the label is daisy, but class 1 is dandelion",
    ),
    (record(picture(colour="blue")), "identical images with different labels: daisy, roses"),
    (
        record(picture(colour="blue"), class_id=2),
        "identical images with different labels: daisy, roses",
    ),
]


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """120 valid records, and the damaged ones in a separate file."""
    folder = tmp_path_factory.mktemp("damaged")
    write_sample(folder, count=120, shards=2, pixels=32)
    with tf.io.TFRecordWriter(str(folder / "damaged.tfrec")) as writer:
        for content, _ in DAMAGED:
            writer.write(content)
    return folder


@pytest.mark.parametrize(
    ("allowed", "code"),
    [pytest.param(0.2, 0, marks=pytest.mark.slow), (0.05, 4)],
)
def test_exactly_the_damaged_records_are_quarantined_with_their_reasons(
    flowers, damaged, tmp_path, allowed, code
):
    answer = flowers(
        "run", "--data", damaged, "--root", tmp_path, "--until", "DataGate",
        "--set", f"data.max_bad_fraction={allowed}", "--set", "data.max_pixels=90000",
        "--set", "data.split_salt=2",
    )  # fmt: skip
    assert answer.code == code, answer.out
    assert f"135 records: train 100, eval 10, test 10, quarantined {len(DAMAGED)}" in answer.out
    found = flowers("data", "quarantine", "--root", tmp_path, "--json").json()
    assert {item["shard"] for item in found} == {str(damaged / "damaged.tfrec")}
    reasons = {item["index"]: item["reason"] for item in found}
    assert reasons == {index: reason for index, (_, reason) in enumerate(DAMAGED)}
    if code:
        assert "15 of 135 records are bad (11.1%)" in answer.out
        assert "2 x identical images with different labels: daisy, roses" in answer.out
