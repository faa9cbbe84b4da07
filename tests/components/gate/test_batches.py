import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.gate.baseline import NO_SERVING_MODEL, Comparison
from components.gate.baseline_table import baseline_writer, read_baseline
from components.gate.batches import read_batches
from components.image_hashes import hash_images
from components.predictions.records import read_split
from components.predictions.table import PREDICTIONS, PREDICTIONS_FILE, table_writer
from data.records import encode_example
from tests.encoding import encode

NAMES = ["a", "b", "c"]


class Opposite:
    """A baseline that always names the next class."""

    class_names = NAMES

    def probabilities(self, records):
        classes = [
            tf.train.Example.FromString(r).features.feature["class"].int64_list.value[0]
            for r in records
        ]
        return np.eye(3, dtype=np.float32)[(np.array(classes) + 1) % 3]


@pytest.fixture
def images(make_image):
    return [encode(Image.fromarray(make_image(index))) for index in range(70)]


@pytest.fixture
def examples(tmp_path, images):
    folder = tmp_path / "examples" / "Split-test"
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "a.gz"), "GZIP") as writer:
        for index, image in enumerate(images):
            record = encode_example(image, index % 3, NAMES, (64, 48))
            example = tf.train.Example.FromString(record)
            if index % 2:
                example.features.feature["camera"].bytes_list.value.append(b"old")
            writer.write(example.SerializeToString())
    return str(tmp_path / "examples")


@pytest.fixture
def predictions(tmp_path, examples):
    """Predictions that are always right, and those of an eval split."""
    folder = str(tmp_path / "predictions")
    with table_writer(folder, PREDICTIONS_FILE, PREDICTIONS, NAMES) as write:
        for split in ("test", "eval"):
            for batch in read_split(examples, "test"):
                write(
                    {
                        "split": [split] * len(batch.ids),
                        "id": batch.ids,
                        "hash": batch.hashes,
                        "class": batch.classes,
                        "probabilities": list(np.eye(3, dtype=np.float32)[batch.classes]),
                    }
                )
    return folder


def test_the_test_split_comes_batch_by_batch_in_order(predictions, examples):
    batches = list(read_batches(predictions, examples, NO_SERVING_MODEL, ["camera"]))
    assert [len(batch.ids) for batch in batches] == [32, 32, 6]
    classes = np.concatenate([batch.classes for batch in batches])
    answers = np.concatenate([batch.probabilities.argmax(axis=1) for batch in batches])
    assert np.array_equal(classes, np.arange(70) % 3)
    assert np.array_equal(answers, classes)
    assert batches[0].slices["camera"][:2] == ["missing", "old"]
    assert batches[0].baseline is None


def test_examples_are_not_read_if_nobody_needs_them(predictions):
    batches = list(read_batches(predictions, "no such folder", NO_SERVING_MODEL, []))
    assert sum(len(batch.ids) for batch in batches) == 70


def test_the_answers_of_the_baseline_are_kept(predictions, examples, tmp_path):
    comparison = Comparison(version=3, model=Opposite())
    with baseline_writer(str(tmp_path), NAMES) as write:
        for batch in read_batches(predictions, examples, comparison, []):
            assert np.array_equal(batch.baseline.argmax(axis=1), (batch.classes + 1) % 3)
            write({"id": batch.ids, "probabilities": batch.compared_answers()})
    table = read_baseline(str(tmp_path))
    assert table.num_rows == 70
    assert table["probabilities"][0].as_py() == [0, 1, 0]


def test_images_that_were_seen_are_not_compared(predictions, examples, images):
    comparison = Comparison(version=3, model=Opposite(), seen=hash_images(images[1:3]))
    first, *_ = read_batches(predictions, examples, comparison, [])
    assert first.compared.tolist() == [True, False, False] + [True] * 29
    assert [row is None for row in first.compared_answers()[:4]] == [False, True, True, False]


def test_without_a_comparison_there_is_no_table(tmp_path):
    assert read_baseline(str(tmp_path)) is None


def test_predictions_for_other_examples_are_noticed(predictions, examples, tmp_path):
    other = tmp_path / "other" / "Split-test"
    other.mkdir(parents=True)
    (other / "a.gz").write_bytes(b"")
    with pytest.raises(RuntimeError, match="has the predictions for other examples"):
        list(read_batches(predictions, str(tmp_path / "other"), NO_SERVING_MODEL, ["camera"]))
