from collections.abc import Mapping
from types import MappingProxyType

import pytest
import tensorflow as tf

from components.example_gen.checks import RecordRules
from components.example_gen.executor import count_outcomes
from components.example_gen.partition import (
    OUTCOME,
    DigestImage,
    PartitionRecord,
    ReadShard,
    Record,
    RecordOutcome,
    conflicting_labels,
)
from components.example_gen.splits import assign_split
from data.features import UNCHANGED, feature_names
from data.ingestion_counts import QUARANTINE
from data.records import ReadError, encode_example

CLASSES = ["daisy", "roses"]
WEIGHTS = {"train": 1, "test": 1}
NAMES = UNCHANGED
RULES = RecordRules(CLASSES, 1_000_000, NAMES)


NONE: Mapping = MappingProxyType({})


def partition(content: bytes, conflicts: Mapping = NONE, groups: Mapping = NONE) -> dict:
    record = Record("a.tfrec", 7, content)
    outputs = PartitionRecord(WEIGHTS, "", RULES).process(record, conflicts, groups)
    return {output.tag: output.value for output in outputs}


def jpeg(image) -> bytes:
    return tf.io.encode_jpeg(image).numpy()


def test_a_valid_record_is_written_unchanged_to_one_split(make_image):
    content = encode_example(jpeg(make_image()), 1, CLASSES, (64, 48))
    outputs = partition(content)
    outcome = outputs[OUTCOME]
    assert outputs == {outcome.split: content, OUTCOME: outcome}
    assert (outcome.shard, outcome.index, outcome.label) == ("a.tfrec", 7, "roses")
    assert outcome.image_hash


def test_the_split_depends_on_the_image_and_not_on_the_label(make_image):
    splits = set()
    for class_id in (0, 1):
        content = encode_example(jpeg(make_image(3)), class_id, CLASSES, (64, 48))
        splits.add(partition(content)[OUTCOME].split)
    assert len(splits) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xff\xff", "not a tf.Example"),
        (encode_example(b"x", 0, CLASSES, (1, 1)), "not an image"),
    ],
)
def test_a_bad_record_is_quarantined_with_content_location_and_reason(content, reason):
    outputs = partition(content)
    features = tf.train.Example.FromString(outputs[QUARANTINE]).features.feature
    assert reason in outputs[OUTCOME].reason
    assert features["reason"].bytes_list.value[0].decode() == outputs[OUTCOME].reason
    assert features["record"].bytes_list.value == [content]
    assert features["shard"].bytes_list.value == [b"a.tfrec"]
    assert features["index"].int64_list.value == [7]


def test_a_truncated_jpeg_is_quarantined(make_image):
    whole = jpeg(make_image())
    outcome = partition(encode_example(whole[: len(whole) // 2], 0, CLASSES, (64, 48)))[OUTCOME]
    assert "truncated" in outcome.reason


def test_identical_images_with_different_labels_are_quarantined(make_image):
    image = jpeg(make_image())
    contents = [encode_example(image, class_id, CLASSES, (64, 48)) for class_id in (0, 1)]
    (digest, daisy), (_, roses) = [
        found
        for content in contents
        for found in DigestImage(NAMES).process(Record("a", 0, content))
    ]
    (conflict,) = conflicting_labels((digest, [roses, daisy, roses]))
    assert list(conflicting_labels((digest, [roses, roses]))) == []
    outcome = partition(contents[0], dict([conflict]))[OUTCOME]
    assert outcome.reason == "identical images with different labels: daisy, roses"


def test_a_truncated_file_yields_its_complete_records_and_the_byte_of_the_damage(tmp_path):
    shard = tmp_path / "x.tfrec"
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for _ in range(3):
            writer.write(b"a" * 100)
    shard.write_bytes(shard.read_bytes()[:-30])
    *records, last = ReadShard().process(str(shard))
    assert [record.index for record in records] == [0, 1]
    assert last.tag == OUTCOME
    assert last.value.subject == "damaged file"
    assert last.value.reason == "truncated record at byte 232"


def test_an_empty_file_is_reported(tmp_path):
    tf.io.TFRecordWriter(str(tmp_path / "x.tfrec")).close()
    (outcome,) = ReadShard().process(str(tmp_path / "x.tfrec"))
    assert outcome.tag == OUTCOME
    assert outcome.value.subject == "empty file"


def test_a_bad_record_names_its_image_file():
    outputs = partition(encode_example(b"x", 0, CLASSES, (1, 1), source="daisy/7.jpg"))
    assert outputs[OUTCOME].source == "daisy/7.jpg"
    features = tf.train.Example.FromString(outputs[QUARANTINE]).features.feature
    assert features["source"].bytes_list.value == [b"daisy/7.jpg"]


def test_images_with_conflicting_ids_are_found_where_records_have_no_labels(make_image):
    names = feature_names({"class": "label", "label": None})
    example = tf.train.Example.FromString(encode_example(jpeg(make_image()), 1, CLASSES, (1, 1)))
    example.features.feature["label"].CopyFrom(example.features.feature["class"])
    record = Record("a", 0, example.SerializeToString())
    assert [label for _, label in DigestImage(names).process(record)] == [b"1"]


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


def test_an_image_is_assigned_to_the_split_of_its_group(make_image):
    content = encode_example(jpeg(make_image()), 1, CLASSES, (64, 48))
    alone = partition(content)[OUTCOME]
    hashes = [number.to_bytes(8, "big") for number in range(99)]
    other = next(h for h in hashes if assign_split(h, WEIGHTS) != alone.split)
    grouped = partition(content, groups={alone.image_hash.to_bytes(8, "big"): other})[OUTCOME]
    assert grouped.split != alone.split
    assert grouped.image_hash == alone.image_hash


def test_a_file_that_cannot_be_read_now_is_not_reported_as_damaged(tmp_path):
    with pytest.raises(ReadError, match="No such file"):
        list(ReadShard().process(str(tmp_path / "gone.tfrec")))
