"""Reading the images for `flowers predict`."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.transform.decoding import decode_rgb
from data.common.errors import UsageError
from data.records import encode_example
from pipeline.inference.input_images import InputImage, read_images
from tests.encoding import encode


def draw(kind: str, **options) -> bytes:
    return encode(Image.new("RGB", (12, 10), "red"), kind, **options)


JPEG = draw("JPEG")


def write_records(path: Path, records: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def test_a_folder_gives_all_its_files_sorted_and_without_hidden_ones(tmp_path):
    images = (
        "b.JPG", "a/z.png", "no_suffix", "_DSC0001.jpg", "_SUCCESS", ".hidden.jpg",
        ".import/0.jpg", "labels.txt",
    )  # fmt: skip
    for name in images:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(JPEG)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "more").symlink_to(tmp_path / "a")
    (tmp_path / "up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    write_records(
        tmp_path / "c.tfrec", [encode_example(JPEG, 0, ["a", "b"], (1, 1), "roses/7.jpg")]
    )
    assert list(read_images([tmp_path])) == [
        InputImage(f"{tmp_path}/_DSC0001.jpg", JPEG),
        InputImage(f"{tmp_path}/a/z.png", JPEG),
        InputImage(f"{tmp_path}/b.JPG", JPEG),
        InputImage(f"{tmp_path}/c.tfrec#0", JPEG, source="roses/7.jpg"),
        InputImage(f"{tmp_path}/link.jpg", error="cannot be read: a link to nothing"),
        InputImage(f"{tmp_path}/more/z.png", JPEG),
        InputImage(f"{tmp_path}/no_suffix", JPEG),
        InputImage(f"{tmp_path}/notes.txt", error="not an image that Pillow can read"),
        InputImage(f"{tmp_path}/pipe.jpg", error="cannot be read: not a regular file"),
        InputImage(f"{tmp_path}/up", error="cannot be read: a link to a folder that contains it"),
    ]


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("WEBP", "RGB", {}),
        ("TIFF", "RGB", {}),
        ("AVIF", "RGB", {}),
        ("BMP", "P", {}),
        ("PPM", "RGB", {}),
        ("PNG", "P", {}),
    ],
)
def test_what_the_model_would_not_read_as_people_see_it_is_converted(tmp_path, kind, mode, options):
    file = tmp_path / "image.xyz"
    Image.new("RGB", (12, 10), "blue").convert(mode).save(file, kind, **options)
    (found,) = read_images([file])
    pixels = decode_rgb(tf.constant(found.content)).numpy()
    assert np.abs(pixels.astype(int) - [0, 0, 255]).max() <= 3


def test_a_transparent_gif_is_shown_on_white(tmp_path):
    Image.new("P", (12, 10), 3).save(tmp_path / "a.gif", transparency=3)
    (found,) = read_images([tmp_path])
    assert (decode_rgb(tf.constant(found.content)).numpy() == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_the_model_reads_itself_keeps_its_bytes(tmp_path, kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "a").write_bytes(draw(kind, exif=exif.tobytes()))
    (found,) = read_images([tmp_path / "a"])
    assert found == InputImage(str(tmp_path / "a"), draw(kind, exif=exif.tobytes()), named=True)


def test_a_record_has_a_path_with_its_index_or_an_error(tmp_path):
    unlabelled = tf.train.Example()
    unlabelled.features.feature["image"].bytes_list.value.append(JPEG)
    twice = tf.train.Example()
    twice.features.feature["image"].bytes_list.value.extend([b"one", b"two"])
    shard = tmp_path / "mine.tfrecord"
    records = [unlabelled.SerializeToString(), b"\xff", twice.SerializeToString(), b""]
    write_records(shard, records)
    assert list(read_images([shard])) == [
        InputImage(f"{shard}#0", JPEG),
        InputImage(f"{shard}#1", error="not a tf.Example"),
        InputImage(f"{shard}#2", error="the feature 'image' has 2 values, expected 1"),
        InputImage(f"{shard}#3", error="the feature 'image' is missing; found: none"),
    ]


def test_a_truncated_shard_gives_the_records_before_the_damage_and_the_next_files(tmp_path):
    shard, image = tmp_path / "mine.tfrec", tmp_path / "a.jpg"
    write_records(shard, [encode_example(JPEG, 0, ["a", "b"], (1, 1))] * 2)
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-10])
    image.write_bytes(JPEG)
    first, broken, last = read_images([shard, image])
    assert first == InputImage(f"{shard}#0", JPEG)
    byte = len(whole) // 2
    problem = f"the rest of the file cannot be read: truncated record at byte {byte}"
    assert broken == InputImage(f"{shard}#1", error=problem, named=True)
    assert last == InputImage(str(image), JPEG, named=True)


def test_a_file_that_is_missing_or_disappears_is_an_error_of_that_file(tmp_path):
    files = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg", "missing.jpg")]
    for file in files[:3]:
        file.write_bytes(JPEG)
    images = read_images(files)
    files[1].unlink()
    gone = "cannot be read: No such file or directory"
    assert [image.error for image in images] == ["", gone, "", gone]


def test_a_pipe_and_a_file_larger_than_any_image_are_errors(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with (tmp_path / "film.jpg").open("wb") as file:
        file.truncate(10**12)
    images = list(read_images([tmp_path / "pipe.jpg", tmp_path / "film.jpg"]))
    assert [image.error for image in images] == [
        "cannot be read: not a regular file", "cannot be read: larger than 1.0 GB",
    ]  # fmt: skip


def test_a_path_that_is_not_utf_8_is_an_image_like_others(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.jpg"
    Path(os.fsdecode(path)).write_bytes(JPEG)
    (found,) = read_images([tmp_path])
    assert found == InputImage(f"{tmp_path}/\\xff.jpg", JPEG)


def test_images_are_read_lazily(tmp_path):
    files = [tmp_path / name for name in ("a.jpg", "b.jpg")]
    for file in files:
        file.write_bytes(JPEG)
    images = read_images([tmp_path])
    assert next(images).content == JPEG
    files[1].write_bytes(draw("PNG"))
    assert next(images).content == draw("PNG")


def test_an_empty_folder_is_rejected_before_anything_is_read(tmp_path):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is an empty folder"):
        read_images([tmp_path / "a.jpg", tmp_path / "empty"])
