import os
import shutil
import subprocess
from pathlib import Path

import pytest

from data.common.errors import TransientError, UsageError
from data.sources import Source, fingerprint, list_files, named, resolve


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
    ("name", "word"),
    [("a[1]", "'{}/a[1]'"), ("it's\udcff\x85\n", "$'{}/it\\'s\\xff\\xc2\\x85\\x0a'")],
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


def test_the_fingerprint_of_remote_files_covers_each_file(tmp_path):
    for folder in ("span-1", "span-2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.tfrec").write_bytes(b"a")
    seen = set()

    def remember():
        source = resolve(f"file://{tmp_path}/span-{{SPAN}}/*", spans="last 2")
        seen.add(fingerprint(source, list_files(source)))

    remember()
    remember()
    assert len(seen) == 1
    os.utime(tmp_path / "span-1" / "a.tfrec", (1, 1))
    remember()
    (tmp_path / "span-1" / "a.tfrec").write_bytes(b"ab")
    os.utime(tmp_path / "span-1" / "a.tfrec", (1, 1))
    remember()
    (tmp_path / "span-1" / "b.tfrec").write_bytes(b"b")
    remember()
    assert len(seen) == 4
    source = resolve(f"file://{tmp_path}/span-1")
    with pytest.raises(TransientError, match="cannot be read"):
        fingerprint(source, [f"file://{tmp_path}/gone.tfrec"])


@pytest.mark.parametrize("folder", ["", "--data/--data-old"])
def test_errors_name_another_option_and_leave_paths_as_they_are(tmp_path, folder):
    missing = f"{tmp_path}/{folder}/*.tfrec"
    with pytest.raises(UsageError) as error, named("gate.extra_data"):
        list_files(resolve(missing))
    text = str(error.value).replace(str(Path(missing).parent), "")
    assert text.count("gate.extra_data") == 1
    assert "--data" not in text
