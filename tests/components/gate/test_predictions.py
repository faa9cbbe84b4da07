import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from PIL import Image

from components.gate.predictions import PREDICTIONS_FILE, ServedModel, predict, predictions_writer
from components.image_hashes import hash_images
from data.records import encode_example
from tests.encoding import encode


class Fixed(tf.Module):
    """Predicts the class from the length of the image's bytes."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serving_default(self, examples):
        features = {"image": tf.io.FixedLenFeature([], tf.string)}
        length = tf.strings.length(tf.io.parse_example(examples, features)["image"])
        return {"probabilities": tf.one_hot(length % 3, 3)}

    @tf.function(input_signature=[])
    def class_names(self):
        return tf.constant(["a", "b", "c"])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder, fixed = str(tmp_path_factory.mktemp("model")), Fixed()
    tf.saved_model.save(fixed, folder, signatures={"serving_default": fixed.serving_default})
    return ServedModel(folder)


@pytest.fixture
def records(tmp_path):
    path = str(tmp_path / "a.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for index in range(70):
            features = {
                "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x" * index])),
                "class": tf.train.Feature(int64_list=tf.train.Int64List(value=[index % 3])),
                "source": tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[b"%d.jpg" % index] if index else [])
                ),
                "camera": tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[b"old"] if index % 2 else [])
                ),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return [path]


def test_predictions_come_batch_by_batch_in_order(model, records):
    batches = list(predict(records, model, None, ["camera"]))
    assert [len(batch.ids) for batch in batches] == [32, 32, 6]
    classes = np.concatenate([batch.classes for batch in batches])
    answers = np.concatenate([batch.probabilities.argmax(axis=1) for batch in batches])
    assert np.array_equal(classes, np.arange(70) % 3)
    assert np.array_equal(answers, classes)
    assert batches[0].slices["camera"][:2] == ["missing", "old"]
    assert batches[0].baseline is None
    assert len({i for batch in batches for i in batch.ids}) == 70


@pytest.mark.parametrize("with_baseline", [True, False])
def test_the_table_has_a_row_for_each_example(model, records, tmp_path, with_baseline):
    path = str(tmp_path / PREDICTIONS_FILE)
    with predictions_writer(path, with_baseline) as write:
        for batch in predict(records, model, model if with_baseline else None, []):
            write(batch)
    table = pq.read_table(path).to_pandas()
    assert list(table["source"][:2]) == ["", "1.jpg"]
    assert list(table["class"]) == [index % 3 for index in range(70)]
    assert np.array_equal(np.stack(table["probabilities"]).argmax(axis=1), table["class"])
    assert ("baseline" in table) == with_baseline


def test_images_that_were_seen_are_not_compared(model, tmp_path, make_image):
    images = [encode(Image.fromarray(make_image(index))) for index in range(4)]
    path = str(tmp_path / "a.gz")
    with tf.io.TFRecordWriter(path, "GZIP") as writer:
        for image in images:
            writer.write(encode_example(image, 0, ["a", "b", "c"], (64, 48)))
    (batch,) = predict([path], model, model, [], hash_images(images[1:3]))
    assert batch.compared.tolist() == [True, False, False, True]
    with predictions_writer(str(tmp_path / PREDICTIONS_FILE), with_baseline=True) as write:
        write(batch)
    table = pq.read_table(tmp_path / PREDICTIONS_FILE)
    assert [row is None for row in table["baseline"].to_pylist()] == [False, True, True, False]
