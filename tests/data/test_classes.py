import shlex
import tempfile
import unicodedata
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from data.class_scan import scan_classes
from data.classes import (
    check_class_names,
    classes_setting,
    infer_classes,
    normalize_class_name,
    read_labels,
    read_source_labels,
    write_labels,
)
from data.common.errors import DataRefused, UsageError
from data.features import UNCHANGED
from data.records import encode_example
from data.sources import list_files, resolve
from pipeline.settings.loading import load_settings


@pytest.mark.parametrize("number", [2, 5, 102])
def test_the_classes_are_those_in_the_records(tmp_path, number):
    names = [f"class {index}" for index in reversed(range(number))]
    files = [str(tmp_path / f"{half}.tfrec") for half in "ab"]
    for half, file in enumerate(files):
        with tf.io.TFRecordWriter(file) as writer:
            for class_id in range(half, number, 2):
                writer.write(encode_example(b"", class_id, names, (1, 1)))
    assert scan_classes(files, UNCHANGED) == names


def test_bad_records_and_damaged_files_are_ignored(tmp_path):
    good = [encode_example(b"", class_id, ["a", "b"], (1, 1)) for class_id in (0, 1, 1)]
    without = tf.train.Example.FromString(good[0])
    del without.features.feature["class"]
    file = tmp_path / "a.tfrec"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for content in [*good, b"\xff\xff", without.SerializeToString(), good[0]]:
            writer.write(content)
    file.write_bytes(file.read_bytes()[:-5])
    assert scan_classes([str(file)], UNCHANGED) == ["a", "b"]


def test_single_wrong_records_do_not_add_a_class():
    seen = {(0, "a"): 50, (1, "b"): 40, (0, "b"): 1, (1, "a"): 1, (9, "a"): 1, (0, "typo"): 1}
    assert infer_classes(seen) == ["a", "b"]


@pytest.mark.parametrize("seen", [{}, {(0, "a"): 5}, {(0, "a"): 5, (2, "b"): 5}])
def test_missing_ids_are_an_error_that_asks_for_the_classes(seen):
    with pytest.raises(DataRefused, match="Name all classes, in the order of their ids"):
        infer_classes(seen)


def test_labels_next_to_the_records_name_the_classes(tmp_path):
    write_labels(tmp_path, ["roses", "rosé", "daisy"])
    (tmp_path / "a.tfrec").touch()
    source = resolve(str(tmp_path))
    assert read_source_labels(source, list_files(source)) == ["roses", "rosé", "daisy"]


def test_a_later_span_may_add_classes_but_not_reorder_them(tmp_path):
    for span, names in enumerate([["a", "b"], ["a", "b", "c"], []]):
        (tmp_path / str(span)).mkdir()
        if names:
            write_labels(tmp_path / str(span), names)
    folders = [str(tmp_path / str(span)) for span in range(3)]
    assert read_labels(folders) == ["a", "b", "c"]
    write_labels(tmp_path / "2", ["b", "a"])
    with pytest.raises(UsageError, match=r"2/labels\.txt and .*1/labels\.txt assign different"):
        read_labels(folders)


@pytest.mark.parametrize("text", ["a\n", "a\na\n", "a\n\nb\n", "é\ne\u0301\n", "a\nb\0\n"])
def test_invalid_labels_are_rejected(tmp_path, text):
    (tmp_path / "labels.txt").write_text(text)
    with pytest.raises(UsageError, match=r"labels\.txt: .*one class name per line"):
        read_labels([str(tmp_path)])
    with pytest.raises(ValueError, match=r"required|unique|must"):
        check_class_names(text.splitlines())


def test_byte_order_mark_and_whitespace_in_labels_are_ignored(tmp_path):
    (tmp_path / "labels.txt").write_text("\ufeffdaisy \r\nroses\r\n\r\n")
    assert read_labels([str(tmp_path)]) == ["daisy", "roses"]


@pytest.mark.parametrize(
    ("name", "normal"),
    [(" roses\t", "roses"), ("\ufeff \ufeffroses \ufeff", "roses"), ("rose\u0301", "ros\xe9"),
     ("red rose", "red rose"), ("on", "on"), ("a/b", "a/b"), ("\N{ROSE}", "\N{ROSE}")],
)  # fmt: skip
def test_class_names_are_normalized(name, normal):
    assert normalize_class_name(name) == normal


@pytest.mark.parametrize(
    "name", ["", " \ufeff ", "a\nb", "a\0b", "a\x85b", "a\u2028b", "a\u2029b", "a\udcffb"]
)
def test_names_that_cannot_be_written_are_refused(name):
    with pytest.raises(ValueError, match="a class name must"):
        normalize_class_name(name)


def is_valid(name: str) -> bool:
    try:
        normalize_class_name(name)
    except ValueError:
        return False
    return True


# All of Unicode, with the characters that are most likely to be lost more often.
NAMES = st.text(st.characters() | st.sampled_from(" \t\xa0\ufeff\u0301\u0308'\"#:,[]{}$!")).filter(
    is_valid
)


@given(st.lists(NAMES, min_size=2, unique_by=lambda name: normalize_class_name(name)))
def test_every_valid_name_is_read_back(names):
    normal = [normalize_class_name(name) for name in names]
    assert check_class_names(normal) == normal
    assert all(unicodedata.is_normalized("NFC", name) for name in normal)
    with tempfile.TemporaryDirectory() as folder:
        write_labels(Path(folder), normal)
        assert read_labels([folder]) == normal
    example = tf.train.Example.FromString(encode_example(b"", 0, normal, (1, 1)))
    assert example.features.feature["label"].bytes_list.value[0].decode() == normal[0]


@given(st.lists(NAMES, min_size=2, unique_by=lambda name: normalize_class_name(name)))
def test_the_setting_survives_shell_and_yaml(names):
    normal = [normalize_class_name(name) for name in names]
    (word,) = shlex.split(classes_setting(normal))
    assert load_settings("quickstart", [word]).data.classes == normal


def test_the_setting_names_classes_as_text():
    assert classes_setting(["on", "1", "rose d'or"]) == (
        """data.classes='["on", "1", "rose d'"'"'or"]'"""
    )
