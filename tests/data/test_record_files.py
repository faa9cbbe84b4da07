import gzip

import pytest
import tensorflow as tf

from data.common.errors import UsageError
from data.features import UNCHANGED, feature_names
from data.record_files import check_first_records, measure
from data.records import encode_example
from data.sources import list_files, resolve


def test_valid_files_pass(records):
    source = resolve(str(records))
    check_first_records(source, list_files(source), UNCHANGED)


def test_files_that_tensorflow_would_not_match_are_an_error(records):
    source = resolve(str(records))
    with pytest.raises(UsageError, match="reads the pattern"):
        check_first_records(source, list_files(source)[:1], UNCHANGED)


def test_an_empty_file_is_no_error_among_others(tmp_path, records):
    (records / "c.tfrec").write_bytes(b"")
    source = resolve(str(records))
    check_first_records(source, list_files(source), UNCHANGED)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "c.tfrec").write_bytes(b"")
    empty = resolve(str(tmp_path / "empty"))
    with pytest.raises(UsageError, match="contain no records"):
        check_first_records(empty, list_files(empty), UNCHANGED)


def test_other_formats_are_named(records):
    bad = records / "c.tfrec"
    bad.write_bytes(b"a text that is longer than the header of a record")
    source = resolve(str(records))
    with pytest.raises(UsageError, match=str(bad)):
        check_first_records(source, list_files(source), UNCHANGED)


def test_compressed_files_are_measured_and_checked_like_others(tmp_path):
    record = encode_example(bytes(range(256)) * 40, 0, ["a", "b"], (1, 1))
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrec")) as writer:
        for _ in range(10):
            writer.write(record)
    (tmp_path / "b.tfrec.gz").write_bytes(gzip.compress((tmp_path / "a.tfrec").read_bytes(), 0))
    source = resolve(str(tmp_path))
    plain, compressed = list_files(source)
    check_first_records(source, [plain, compressed], UNCHANGED)
    assert measure([compressed])[1] == measure([plain])[1] == 10


def test_records_of_another_layout_are_refused_with_their_features_and_a_remedy(tmp_path):
    record = tf.train.Example.FromString(encode_example(b"x", 0, ["a", "b"], (1, 1)))
    features = record.features.feature
    features["image/encoded"].CopyFrom(features.pop("image"))
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrec")) as writer:
        writer.write(record.SerializeToString())
    source = resolve(str(tmp_path))
    with pytest.raises(
        UsageError, match=r"no feature image \(bytes\); found: class \(int64\)"
    ) as error:
        check_first_records(source, list_files(source), UNCHANGED)
    assert '--set data.features=\'{"image": "image/encoded", "class": "class", ' in str(error.value)
    check_first_records(source, list_files(source), feature_names({"image": "image/encoded"}))


def test_a_single_bad_first_record_is_left_to_example_gen(tmp_path):
    good = encode_example(b"x", 0, ["a", "b"], (1, 1))
    bad = tf.train.Example.FromString(good)
    del bad.features.feature["class"]
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrec")) as writer:
        for content in (bad.SerializeToString(), good):
            writer.write(content)
    source = resolve(str(tmp_path))
    check_first_records(source, list_files(source), UNCHANGED)
