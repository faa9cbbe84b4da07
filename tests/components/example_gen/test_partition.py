from dataclasses import replace

import pytest
import tensorflow as tf

from components.example_gen.checks import RecordRules
from components.example_gen.executor import count_outcomes
from components.example_gen.partition import Partition, Record, RecordOutcome, identify
from components.example_gen.splits import assign_split
from data.features import UNCHANGED, feature_names
from data.records import ReadError, encode_example

CLASSES = ["daisy", "roses"]
WEIGHTS = {"train": 1, "test": 1}
PARTITION = Partition(WEIGHTS, "", RecordRules(CLASSES, 1_000_000, UNCHANGED))


def assign(content: bytes) -> tuple[RecordOutcome, bytes]:
    return PARTITION.assign(Record("a.tfrec", 7, content))


def jpeg(image) -> bytes:
    return tf.io.encode_jpeg(image).numpy()


def test_a_valid_record_is_written_unchanged_to_one_split(make_image):
    content = encode_example(jpeg(make_image()), 1, CLASSES, (64, 48))
    outcome, written = assign(content)
    assert written == content
    assert outcome.split in WEIGHTS
    assert (outcome.shard, outcome.index, outcome.label) == ("a.tfrec", 7, "roses")
    assert outcome.image_hash


def test_the_split_depends_on_the_image_and_not_on_the_label(make_image):
    splits = set()
    for class_id in (0, 1):
        content = encode_example(jpeg(make_image(3)), class_id, CLASSES, (64, 48))
        splits.add(assign(content)[0].split)
    assert len(splits) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xff\xff", "not a tf.Example"),
        (encode_example(b"x", 0, CLASSES, (1, 1)), "not an image"),
    ],
)
def test_a_bad_record_is_quarantined_with_content_location_and_reason(content, reason):
    outcome, written = assign(content)
    assert not outcome.split
    features = tf.train.Example.FromString(written).features.feature
    assert reason in outcome.reason
    assert features["reason"].bytes_list.value[0].decode() == outcome.reason
    assert features["record"].bytes_list.value == [content]
    assert features["shard"].bytes_list.value == [b"a.tfrec"]
    assert features["index"].int64_list.value == [7]


def test_a_truncated_jpeg_is_quarantined(make_image):
    whole = jpeg(make_image())
    outcome, _ = assign(encode_example(whole[: len(whole) // 2], 0, CLASSES, (64, 48)))
    assert "truncated" in outcome.reason


def test_a_bad_record_names_its_image_file():
    outcome, written = assign(encode_example(b"x", 0, CLASSES, (1, 1), source="daisy/7.jpg"))
    assert outcome.source == "daisy/7.jpg"
    features = tf.train.Example.FromString(written).features.feature
    assert features["source"].bytes_list.value == [b"daisy/7.jpg"]


def test_records_without_labels_are_identified_by_the_class_id(make_image):
    names = feature_names({"class": "label", "label": None})
    example = tf.train.Example.FromString(encode_example(jpeg(make_image()), 1, CLASSES, (1, 1)))
    example.features.feature["label"].CopyFrom(example.features.feature["class"])
    _, label = identify(example.SerializeToString(), names)
    assert label == "1"


def test_a_record_is_identified_by_its_image_and_label_even_if_it_is_invalid():
    daisy, roses = (identify(encode_example(b"x", n, CLASSES, (1, 1)), UNCHANGED) for n in (0, 1))
    assert (daisy[1], roses[1]) == ("daisy", "roses")
    assert daisy[0] == roses[0] != identify(encode_example(b"y", 0, CLASSES, (1, 1)), UNCHANGED)[0]
    assert identify(b"\xff", UNCHANGED) == identify(b"", UNCHANGED) == (b"", None)


def test_counts_agree_with_the_outcomes():
    outcomes = [
        RecordOutcome("a", 0, "train", "daisy", image_hash=0b1111 << 40, ignored=("iso",)),
        RecordOutcome("a", 1, "train", "daisy", image_hash=0b0111 << 40, ignored=("iso",)),
        RecordOutcome("b", 0, "test", "roses", image_hash=0b11111 << 36),
        RecordOutcome("b", 1, reason="bad", source="roses/7.jpg"),
        RecordOutcome("d", 0, subject="empty file"),
        RecordOutcome("c", 5, reason="broken at 7", subject="damaged file"),
    ]
    weights = {"train": 8, "eval": 1, "test": 1}
    counts = count_outcomes(reversed(outcomes), weights, near_duplicates=3)
    assert counts.near_duplicates == 3
    assert counts.splits == {"train": {"daisy": 2}, "eval": {}, "test": {"roses": 1}}
    assert counts.quarantined == {"bad": 1}
    assert [str(bad) for bad in counts.first_bad] == ["b record 1 (roses/7.jpg): bad"]
    assert counts.empty_files == ["d"]
    assert counts.ignored_features == {"iso": 2}
    assert counts.broken_files == ["c: after record 5: broken at 7"]
    assert counts.read == 4


def test_a_salt_is_found_with_which_no_split_lacks_a_class():
    weights = {"train": 2, "test": 1}
    images = [(number << 32, "ab"[number % 2]) for number in range(1, 9)]

    def outcomes(salt: str) -> list[RecordOutcome]:
        splits = [assign_split(h.to_bytes(8, "big"), weights, salt) for h, _ in images]
        return [
            RecordOutcome("s", index, split, label, image_hash)
            for index, ((image_hash, label), split) in enumerate(zip(images, splits, strict=True))
        ]

    bad = next(
        s
        for s in map(str, range(100))
        if len(count_outcomes(outcomes(s), weights).splits["test"]) < 2
    )
    better = count_outcomes(outcomes(bad), weights).better_salt
    assert better
    again = count_outcomes(outcomes(better), weights)
    assert again.missing_classes(["a", "b"]) == {}
    assert again.better_salt is None


def test_a_record_is_assigned_again_without_its_image(make_image):
    record = Record("a.tfrec", 7, encode_example(jpeg(make_image()), 1, CLASSES, (64, 48)))
    outcome, written = PARTITION.assign(record)
    (other,) = WEIGHTS.keys() - {outcome.split}
    assert PARTITION.reassign(record, replace(outcome, split=other))[1] == written
    bad, content = PARTITION.reassign(record, replace(outcome, split="", reason="bad"))
    assert (bad, content) == PARTITION.quarantine(record, "bad")


@pytest.mark.parametrize("content", [b"", encode_example(b"x", 1, CLASSES, (1, 1))])
def test_a_record_that_was_changed_meanwhile_is_an_error(content, make_image):
    outcome, _ = assign(encode_example(jpeg(make_image()), 1, CLASSES, (64, 48)))
    with pytest.raises(ReadError, match=r"a\.tfrec was changed while it was read"):
        PARTITION.reassign(Record("a.tfrec", 7, content), outcome)
