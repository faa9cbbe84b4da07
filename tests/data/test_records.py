from random import Random

import pytest
import tensorflow as tf

from data.records import describe_read_error, encode_example, read_records, shard_name

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
    with pytest.raises(tf.errors.OpError) as error:
        list(read_records(str(file)))
    assert describe_read_error(error.value) == "truncated record at byte 2032"


def test_an_example_can_name_its_image_file():
    example = tf.train.Example.FromString(encode_example(b"", 0, CLASSES, (1, 1), "daisy/ä.jpg"))
    assert example.features.feature["source"].bytes_list.value == ["daisy/ä.jpg".encode()]
