import gzip
from random import Random

import pytest
import tensorflow as tf

from data import records
from data.records import (
    ReadError,
    describe_damage,
    encode_example,
    open_writer,
    read_records,
    shard_name,
)

CLASSES = ["daisy", "roses"]


def test_an_example_has_the_layout_of_flowers_public():
    example = tf.train.Example.FromString(encode_example(b"jpeg", 1, CLASSES, (192, 128)))
    features = example.features.feature
    assert features["image"].bytes_list.value == [b"jpeg"]
    assert features["class"].int64_list.value == [1]
    assert features["label"].bytes_list.value == [b"roses"]
    assert features["size"].int64_list.value == [192, 128]
    assert features["one_hot_class"].float_list.value == [0.0, 1.0]


@pytest.mark.parametrize("class_id", [-1, 2])
def test_a_class_id_outside_the_names_is_refused(class_id):
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        encode_example(b"jpeg", class_id, CLASSES, (1, 1))


def test_a_shard_name_contains_its_count():
    assert shard_name("flowers", 3, 230) == "flowers03-230.tfrec"


def write(file, records, compression=""):
    with tf.io.TFRecordWriter(str(file), compression) as writer:
        for record in records:
            writer.write(record)


@pytest.mark.parametrize("compression", ["", "GZIP"])
def test_files_are_read_with_and_without_compression(tmp_path, compression):
    records = [b"a" * 100, b"", b"b"]
    write(tmp_path / "a.tfrec", records, compression)
    assert list(read_records(str(tmp_path / "a.tfrec"))) == records


def test_a_record_whose_length_looks_like_a_compressed_file_is_read(tmp_path):
    # The length of the first record begins with the magic bytes of GZIP.
    records = [bytes(0x088B1F), b"next"]
    write(tmp_path / "a.tfrec", records)
    assert (tmp_path / "a.tfrec").read_bytes()[:3] == b"\x1f\x8b\x08"
    assert list(read_records(str(tmp_path / "a.tfrec"))) == records


def test_damage_in_a_compressed_file_is_an_error(tmp_path):
    file = tmp_path / "a.tfrec"
    write(file, [Random(seed).randbytes(1000) for seed in range(3)], "GZIP")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(tf.errors.DataLossError) as error:
        list(read_records(str(file)))
    assert describe_damage(error.value) == "truncated record at byte 2032"


def test_an_example_can_name_its_image_file():
    example = tf.train.Example.FromString(encode_example(b"", 0, CLASSES, (1, 1), "daisy/ä.jpg"))
    assert example.features.feature["source"].bytes_list.value == ["daisy/ä.jpg".encode()]


@pytest.fixture
def remote(tmp_path):
    """A file of three records, as it is read from a bucket."""
    write(tmp_path / "a.tfrec", [b"a", b"b", b"c"])
    return f"file://{tmp_path}/a.tfrec"


def test_reading_a_remote_file_is_tried_again(tmp_path, remote, monkeypatch):
    hidden = (tmp_path / "a.tfrec").rename(tmp_path / "hidden")
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            hidden.rename(tmp_path / "a.tfrec")

    monkeypatch.setattr(records.time, "sleep", wait)
    assert list(read_records(remote)) == [b"a", b"b", b"c"]
    assert waits == [1, 4]


def test_reading_is_continued_after_the_last_record(remote, monkeypatch):
    def broken(*_):
        yield from [b"a", b"b"]
        raise tf.errors.UnavailableError(None, None, "no answer")

    readers = iter([broken, records.RecordIterator])
    monkeypatch.setattr(records, "RecordIterator", lambda *given: next(readers)(*given))
    monkeypatch.setattr(records.time, "sleep", lambda _: None)
    assert list(read_records(remote)) == [b"a", b"b", b"c"]


def test_a_written_file_is_of_the_format_gzip_but_not_compressed(tmp_path):
    path = tmp_path / "a.gz"
    with open_writer(str(path)) as writer:
        writer.write(bytes(1000))
    assert path.stat().st_size > 1000
    assert bytes(1000) in gzip.decompress(path.read_bytes())
    assert list(read_records(str(path))) == [bytes(1000)]
    open_writer(str(tmp_path / "empty.gz")).close()
    assert list(read_records(str(tmp_path / "empty.gz"))) == []


def test_a_file_that_cannot_be_read_is_not_damaged(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(records.time, "sleep", waits.append)
    with pytest.raises(ReadError, match=r"ram://nothing\.tfrec cannot be read"):
        list(read_records("ram://nothing.tfrec"))
    assert len(waits) == 3
    with pytest.raises(ReadError, match="No such file"):
        list(read_records(str(tmp_path / "nothing.tfrec")))
    assert len(waits) == 3
