"""`flowers data inspect` reports what a run finds in the records."""

import io
import os

import tensorflow as tf
from PIL import Image

from data.records import encode_example
from data.synthetic import CLASS_NAMES, make_record, write_sample


def test_records_are_counted_and_a_run_is_estimated(flowers, tmp_path):
    write_sample(tmp_path, count=20, shards=2, pixels=32)
    duplicate = make_record(0, pixels=32)
    other = tf.train.Example.FromString(make_record(1, pixels=32)).features.feature
    small = io.BytesIO()
    Image.new("RGB", (40, 30)).save(small, "PNG")
    with tf.io.TFRecordWriter(str(tmp_path / "more.tfrec")) as writer:
        writer.write(duplicate)
        writer.write(encode_example(other["image"].bytes_list.value[0], 0, CLASS_NAMES, (1, 1)))
        writer.write(encode_example(small.getvalue(), 0, CLASS_NAMES, (40, 30)))
        writer.write(encode_example(b"no image", 0, CLASS_NAMES, (1, 1)))
    settings = ("--set", "transform.image_size=32", "--set", "trainer.epochs=2")
    answer = flowers("data", "inspect", tmp_path, "--json", *settings)
    assert (answer.code, answer.err) == (0, "")
    found = answer.json()
    assert (found["files"], found["records"]) == (3, 24)
    assert found["class_names"] == list(CLASS_NAMES)
    assert sum(found["classes"].values()) == 21
    assert found["formats"] == {"JPEG": 22, "PNG": 1}
    assert (found["widths"], found["heights"]) == ([32, 32, 40], [30, 32, 32])
    assert found["identical"] == 1
    conflict = "identical images with different labels: daisy, dandelion"
    assert found["bad"] == {"not an image": 1, conflict: 2}
    assert found["estimate"]["seconds"] > found["estimate"]["training_seconds"] > 0
    text = flowers("data", "inspect", tmp_path, *settings).out
    assert "24 records in 3 files" in text
    assert "a run would refuse the data: data.max_bad_fraction is 1.0%" in text
    assert "A run with squeezenet at 32 px, 2 epochs: about " in text


def test_a_folder_without_records_is_an_error(flowers, tmp_path):
    answer = flowers("data", "inspect", tmp_path)
    assert answer.code == 2
    assert "no record files match" in answer.err
    assert flowers("data", "download", "roses", "--out", tmp_path).code == 2


def test_the_training_speed_is_that_of_a_run(flowers, tmp_path, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    # TensorFlow reads it when it is imported, which comes after the settings were read.
    flowers("data", "inspect", tmp_path)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
