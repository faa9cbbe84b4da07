import shutil

import pytest
import tensorflow as tf

from data.common.errors import UsageError
from data.sources import Source, check_first_records, fingerprint, list_files, resolve


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
    check_first_records(source, list_files(source))


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
        check_first_records(source, list_files(source)[:1])


@pytest.mark.parametrize("content", [b"", b"a text that is longer than the header of a record"])
def test_empty_files_and_other_formats_are_named(records, content):
    bad = records / "c.tfrec"
    bad.write_bytes(content)
    source = resolve(str(records))
    with pytest.raises(UsageError, match=str(bad)):
        check_first_records(source, list_files(source))
