"""Records of another layout: other names, no labels, compressed files, further features."""

import json

import pytest
import tensorflow as tf

from data.records import bytes_feature
from data.synthetic import CLASS_NAMES, write_sample

pytestmark = pytest.mark.slow

FEATURES = {"image": "image/encoded", "class": "image/class/label", "label": None, "camera": "cam"}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """The synthetic flowers as TF-Slim writes them, and an empty file."""
    folder = tmp_path_factory.mktemp("layout")
    for file in write_sample(folder, count=160, shards=2, pixels=32):
        with tf.io.TFRecordWriter(f"{folder}/{file.stem}.tfrecord.gz", "GZIP") as writer:
            for number, record in enumerate(tf.data.TFRecordDataset(str(file)).as_numpy_iterator()):
                writer.write(in_other_layout(record, b"new" if number % 2 else b"old"))
        file.unlink()
    (folder / "labels.txt").unlink(missing_ok=True)
    tf.io.TFRecordWriter(f"{folder}/empty.tfrecord").close()
    return folder


def in_other_layout(record: bytes, camera: bytes) -> bytes:
    found = tf.train.Example.FromString(record).features.feature
    features = {
        "image/encoded": found["image"],
        "image/class/label": found["class"],
        "image/source_id": bytes_feature(b"7"),
        "cam": bytes_feature(camera),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def test_records_of_another_layout_are_refused_with_the_setting_that_names_their_features(
    flowers, records, tmp_path
):
    answer = flowers("run", "--data", records, "--root", tmp_path)
    assert answer.code == 2
    assert "the records have no feature image (bytes), class (int64)" in answer.err
    assert '"image": "image/encoded", "class": "image/class/label", "label": null' in answer.err


def test_a_model_is_trained_on_records_of_another_layout_and_sliced_by_a_feature(
    flowers, records, tmp_path
):
    settings = [
        "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16", "gate.target=0",
        "gate.min_examples=1", "data.split_salt=2", "gate.slices=[camera]",
        f"data.features={json.dumps(FEATURES)}",
        f"data.classes={json.dumps(list(CLASS_NAMES))}",
    ]  # fmt: skip
    options = [option for setting in settings for option in ("--set", setting)]
    answer = flowers("run", "--data", records, "--root", tmp_path, *options)
    assert answer.code == 0, answer.out
    assert "160 records" in answer.out
    assert f"empty record files: 1: {records}/empty.tfrecord" in answer.out
    assert answer.out.count("ignored features: image/source_id") == 1
    (metrics,) = tmp_path.glob("history/*/metrics.json")
    slices = json.loads(metrics.read_text())["slices"]["camera"]
    assert slices.keys() == {"old", "new"}
    looked_at = flowers("data", "inspect", records, "--json", *options).json()
    assert (looked_at["records"], looked_at["ignored_features"]) == (160, {"image/source_id": 160})
    assert looked_at["empty_files"] == [f"{records}/empty.tfrecord"]


def test_slices_by_a_feature_that_is_not_read_are_refused(flowers, records):
    answer = flowers("run", "--data", records, "--set", "gate.slices=[camera]")
    assert answer.code == 2
    assert "to read it, --set data.features.camera=camera" in answer.err
