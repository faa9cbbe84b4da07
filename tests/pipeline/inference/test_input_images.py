"""Reading the images for `flowers predict`."""

from pathlib import Path

import pytest
import tensorflow as tf

from data.common.errors import UsageError
from data.records import encode_example
from pipeline.inference.input_images import InputImage, read_images


def write_records(path: Path, records: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def test_a_folder_gives_its_images_and_records_sorted_and_without_hidden_files(tmp_path):
    for name in ("b.JPG", "a/z.png", ".hidden.jpg", ".import/0.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    write_records(tmp_path / "c.tfrec", [encode_example(b"jpeg", 0, ["a", "b"], (1, 1))])
    assert list(read_images([tmp_path])) == [
        InputImage(f"{tmp_path}/a/z.png", b"a/z.png"),
        InputImage(f"{tmp_path}/b.JPG", b"b.JPG"),
        InputImage(f"{tmp_path}/c.tfrec#0", b"jpeg"),
    ]


def test_a_record_has_a_path_with_its_index_or_an_error(tmp_path):
    unlabelled = tf.train.Example()
    unlabelled.features.feature["image"].bytes_list.value.append(b"alone")
    twice = tf.train.Example()
    twice.features.feature["image"].bytes_list.value.extend([b"one", b"two"])
    shard = tmp_path / "mine.tfrecord"
    records = [unlabelled.SerializeToString(), b"\xff", twice.SerializeToString(), b""]
    write_records(shard, records)
    assert list(read_images([shard])) == [
        InputImage(f"{shard}#0", b"alone"),
        InputImage(f"{shard}#1", error="not a tf.Example"),
        InputImage(f"{shard}#2", error="the feature 'image' has 2 values, expected 1"),
        InputImage(f"{shard}#3", error="the feature 'image' is missing"),
    ]


def test_a_truncated_shard_gives_the_records_before_the_damage_and_the_next_files(tmp_path):
    shard, image = tmp_path / "mine.tfrec", tmp_path / "a.jpg"
    write_records(shard, [encode_example(b"jpeg", 0, ["a", "b"], (1, 1))] * 2)
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-10])
    image.write_bytes(b"after")
    first, broken, last = read_images([shard, image])
    assert first == InputImage(f"{shard}#0", b"jpeg")
    byte = len(whole) // 2
    assert broken == InputImage(
        f"{shard}#1", error=f"the rest of the file cannot be read: truncated record at byte {byte}"
    )
    assert last == InputImage(str(image), b"after")


def test_a_file_that_disappears_is_an_error_of_that_file(tmp_path):
    files = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg")]
    for file in files:
        file.write_bytes(b"image")
    images = read_images(files)
    files[1].unlink()
    assert [image.error for image in images] == [
        "", "cannot be read: No such file or directory", "",
    ]  # fmt: skip


def test_images_are_read_lazily(tmp_path):
    files = [tmp_path / name for name in ("a.jpg", "b.jpg")]
    for file in files:
        file.write_bytes(b"early")
    images = read_images([tmp_path])
    assert next(images).content == b"early"
    files[1].write_bytes(b"late")
    assert next(images).content == b"late"


@pytest.mark.parametrize(
    ("made", "error"), [(False, "does not exist; predict takes"), (True, "has no images")]
)
def test_a_path_without_images_is_rejected_before_anything_is_read(tmp_path, made, error):
    (tmp_path / "a.jpg").write_bytes(b"image")
    if made:
        (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=error):
        read_images([tmp_path / "a.jpg", tmp_path / "empty"])
