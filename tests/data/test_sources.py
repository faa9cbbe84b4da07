import gzip
import os
import shutil
import subprocess

import pytest
import tensorflow as tf

from data.common.errors import UsageError
from data.features import UNCHANGED, feature_names
from data.records import encode_example
from data.sources import Source, check_first_records, fingerprint, list_files, measure, resolve

NAMES = UNCHANGED


@pytest.fixture
def records(tmp_path):
    for name in ("b-1.tfrec", "a-1.tfrecord"):
        with tf.io.TFRecordWriter(str(tmp_path / name)) as writer:
            writer.write(name.encode())
    (tmp_path / "notes.txt").write_text("no records")
    return tmp_path


def test_the_sample_is_found():
    assert len(list_files(resolve("sample"))) == 4


def test_a_folder_stands_for_its_record_files(records):
    assert list_files(resolve(str(records))) == [
        str(records / "a-1.tfrecord"),
        str(records / "b-1.tfrec"),
    ]


def test_a_glob_is_split_at_its_first_wildcard(tmp_path):
    source = resolve(f"{tmp_path}/span-*/x?.tfrec")
    assert source == Source(str(tmp_path), ("span-*/x?.tfrec",))


def test_a_single_file_is_a_pattern(records):
    assert list_files(resolve(str(records / "b-1.tfrec"))) == [str(records / "b-1.tfrec")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("flowers-public", "gs://flowers-public/tfrecords-jpeg-331x331-2/*.tfrec*"),
        ("gs://bucket/flowers/*-1*.tfrec", "gs://bucket/flowers/*-1*.tfrec"),
        ("gs://bucket/flowers", "gs://bucket/flowers/*.tfrec*"),
    ],
)
def test_buckets(given, expected):
    source = resolve(given, public_size=331)
    assert source.remote
    assert str(source) == expected


def test_a_pattern_without_files_is_an_error_with_the_allowed_values(tmp_path):
    with pytest.raises(UsageError, match=r"no record files match .*--data .* takes 'sample'"):
        list_files(resolve(f"{tmp_path}/*.tfrec"))


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        list_files(resolve(f"{tmp_path}/nowhere/*.tfrec"))
    with pytest.raises(UsageError, match="~no-such-user"):
        list_files(resolve("~no-such-user/*.tfrec"))


def test_the_fingerprint_changes_with_content_of_equal_size(records):
    source = resolve(str(records))
    files = list_files(source)
    before = fingerprint(source, files)
    content = (records / "b-1.tfrec").read_bytes()
    (records / "b-1.tfrec").write_bytes(content[::-1])
    assert fingerprint(source, files) != before


def test_valid_files_pass(records):
    source = resolve(str(records))
    check_first_records(source, list_files(source), NAMES)


def test_the_fingerprint_does_not_depend_on_folder_and_time(records, tmp_path):
    moved = shutil.copytree(records, tmp_path / "moved")
    copy, original = resolve(str(moved)), resolve(str(records))
    assert fingerprint(copy, list_files(copy)) == fingerprint(original, list_files(original))


@pytest.mark.parametrize(
    ("folder", "pattern", "message"),
    [("a[1]", "", "would read the name of"), ("a", "/**/*.tfrec", "is not supported")],
)
def test_patterns_that_tfx_reads_differently_are_rejected(tmp_path, folder, pattern, message):
    (tmp_path / folder).mkdir()
    with pytest.raises(UsageError, match=message):
        list_files(resolve(f"{tmp_path / folder}{pattern}"))


def test_files_that_tensorflow_would_not_match_are_an_error(records):
    source = resolve(str(records))
    with pytest.raises(UsageError, match="reads the pattern"):
        check_first_records(source, list_files(source)[:1], NAMES)


def test_an_empty_file_is_no_error_among_others(tmp_path, records):
    (records / "c.tfrec").write_bytes(b"")
    source = resolve(str(records))
    check_first_records(source, list_files(source), NAMES)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "c.tfrec").write_bytes(b"")
    empty = resolve(str(tmp_path / "empty"))
    with pytest.raises(UsageError, match="contain no records"):
        check_first_records(empty, list_files(empty), NAMES)


def test_other_formats_are_named(records):
    bad = records / "c.tfrec"
    bad.write_bytes(b"a text that is longer than the header of a record")
    source = resolve(str(records))
    with pytest.raises(UsageError, match=str(bad)):
        check_first_records(source, list_files(source), NAMES)


def test_compressed_files_are_measured_and_checked_like_others(tmp_path):
    record = encode_example(bytes(range(256)) * 40, 0, ["a", "b"], (1, 1))
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrec")) as writer:
        for _ in range(10):
            writer.write(record)
    (tmp_path / "b.tfrec.gz").write_bytes(gzip.compress((tmp_path / "a.tfrec").read_bytes(), 0))
    source = resolve(str(tmp_path))
    plain, compressed = list_files(source)
    check_first_records(source, [plain, compressed], NAMES)
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
        check_first_records(source, list_files(source), NAMES)
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
    check_first_records(source, list_files(source), NAMES)


def test_a_folder_of_images_is_to_be_imported(tmp_path):
    photos = tmp_path / "my photos"
    (photos / "roses").mkdir(parents=True)
    (photos / "roses" / "a.JPG").touch()
    command = f"flowers data import '{photos}' --out '{photos}-records'"
    with pytest.raises(UsageError, match=f"contains images instead of records.*{command}"):
        list_files(resolve(str(photos)))
    with pytest.raises(UsageError, match="no record files match"):
        list_files(resolve(f"{photos}/a*.tfrec"))


@pytest.mark.parametrize(
    ("name", "word"), [("a[1]", "'{}/a[1]'"), ("it's\udcff\n", "$'{}/it\\'s\\xff\\n'")]
)
def test_the_command_for_images_can_be_pasted_whatever_their_folder_is_called(tmp_path, name, word):
    (tmp_path / name / "roses").mkdir(parents=True)
    (tmp_path / name / "roses" / "a.png").touch()
    with pytest.raises(UsageError) as error:
        list_files(resolve(str(tmp_path / name)))
    command = str(error.value).partition("first: ")[2]
    assert command == f"flowers data import {word.format(tmp_path)} --out records"
    echo = command.replace("flowers data import", "printf %s").partition(" --out")[0]
    shown = subprocess.run(["bash", "-c", echo], capture_output=True, check=True).stdout
    assert shown == os.fsencode(tmp_path / name)
