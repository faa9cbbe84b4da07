import pytest
import tensorflow as tf
from PIL import Image

from components.example_gen.checks import RecordRules
from components.predictions.elsewhere import (
    LeftOut,
    Located,
    explain_unusable,
    locate_records,
    write_extra,
)
from components.predictions.records import read_split
from components.predictions.table import EXTRA
from data.features import UNCHANGED
from data.images.limits import MAX_PIXELS
from data.records import encode_example
from tests.encoding import encode

# The classes of a model, and those of other data, in which they have other ids.
MODEL, OTHER = ["dark", "light"], ["grey", "light", "dark"]
RULES = RecordRules(MODEL, MAX_PIXELS, UNCHANGED)


@pytest.fixture
def image(make_image):
    return encode(Image.fromarray(make_image()))


def record(image: bytes, label: str, source: str = "") -> bytes:
    return encode_example(image, OTHER.index(label), OTHER, (64, 48), source)


def write(folder, *records, rules=RULES):
    located = [Located(f"a.tfrec#{i}", content) for i, content in enumerate(records)]
    written, left_out = write_extra(located, rules, str(folder))
    batches = list(read_split(str(folder), EXTRA))
    assert written == sum(len(batch.records) for batch in batches)
    return left_out, (batches[0] if batches else None)


def test_the_label_tells_the_class_and_not_the_id_of_other_data(tmp_path, image):
    left_out, batch = write(tmp_path, record(image, "light", "x.jpg"), record(image, "dark"))
    assert left_out == []
    assert batch.classes == [1, 0]
    assert batch.sources == ["x.jpg", ""]
    assert batch.texts("label", "") == MODEL[::-1]


def test_what_cannot_be_used_is_listed_with_its_reason(tmp_path, image):
    left_out, batch = write(
        tmp_path,
        record(image, "grey", "g.jpg"),
        record(b"no image", "dark"),
        b"no record",
        record(image, "dark"),
    )
    assert len(batch.records) == 1
    reasons = dict(left_out)
    assert reasons["a.tfrec#0 (g.jpg)"] == "the model has no class grey"
    assert reasons["a.tfrec#1"] == "not an image"
    assert set(reasons) == {"a.tfrec#0 (g.jpg)", "a.tfrec#1", "a.tfrec#2"}


def test_without_labels_the_ids_are_those_of_the_model(tmp_path, image):
    rules = RecordRules(MODEL, MAX_PIXELS, {k: v for k, v in UNCHANGED.items() if k != "label"})
    left_out, batch = write(
        tmp_path, *(encode_example(image, i, OTHER, (64, 48)) for i in (1, 2)), rules=rules
    )
    assert batch.classes == [1]
    assert [item.reason for item in left_out] == ["class 2 is not in 0 to 1"]


def test_nothing_usable_is_an_empty_split(tmp_path):
    left_out, batch = write(tmp_path, b"x")
    assert (len(left_out), batch) == (1, None)


def test_a_long_list_of_reasons_is_cut_and_counted():
    left_out = [LeftOut(f"{number}.jpg", "not an image") for number in range(13)]
    first, *listed, last = explain_unusable("photos", left_out)
    assert first == "no image of photos can be used"
    assert (len(listed), listed[0], last) == (10, "0.jpg: not an image", "and 3 more")
    assert explain_unusable("photos", left_out[:2])[1:] == [
        f"{i}.jpg: not an image" for i in (0, 1)
    ]


def test_a_damaged_file_gives_its_records_and_its_problem(tmp_path, image):
    file = tmp_path / "a.tfrec"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for _ in range(2):
            writer.write(record(image, "dark"))
    file.write_bytes(file.read_bytes()[:-3])
    first, second = locate_records([str(file)])
    assert (first.origin, first.problem) == (f"{file}#0", "")
    assert second.content == b""
    assert second.problem.startswith("the rest is lost: ")
