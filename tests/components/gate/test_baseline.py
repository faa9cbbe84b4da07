"""The serving model is compared only on images that neither model has seen."""

import numpy as np
import pytest
import tensorflow as tf

from components.gate.baseline import find_comparison
from components.image_hashes import write_seen
from components.model_store.base import ServedVersion

TEST = np.arange(100, 120, dtype=np.uint64)


class Model(tf.Module):
    """A model of two classes."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serving_default(self, examples):
        return {"probabilities": tf.one_hot(tf.strings.length(examples) % 2, 2)}

    @tf.function(input_signature=[])
    def class_names(self):
        return tf.constant(["a", "b"])


@pytest.fixture
def compare(tmp_path):
    """Returns a function that looks for the comparison of two models that have seen images."""
    model = Model()
    for name in ("new", "serving"):
        tf.saved_model.save(
            model, tmp_path / name, signatures={"serving_default": model.serving_default}
        )

    def find(seen, own=(), names=("a", "b"), version=7, digest="serving", least=5):
        for name, hashes in (("serving", seen), ("new", own)):
            if hashes is not None:
                write_seen(np.array(hashes, np.uint64), str(tmp_path / name))
        return find_comparison(
            ServedVersion(version, str(tmp_path / "serving"), digest),
            ServedVersion(path=str(tmp_path / "new"), digest="new"),
            list(names), TEST, least,
        )  # fmt: skip

    return find


def test_a_model_that_has_seen_no_test_image_is_compared_on_all(compare):
    found = compare(range(100), range(50))
    assert (found.version, found.seen, found.advice) == (7, None, "")
    assert found.model.class_names == ["a", "b"]


def test_images_that_either_model_has_seen_are_not_compared(compare):
    found = compare(range(90, 105), range(110, 112))
    assert found.version == 7
    assert (~np.isin(TEST, found.seen)).sum() == 20 - 5 - 2


def test_with_too_few_other_images_there_is_no_comparison_and_advice(compare):
    found = compare(range(90, 116))
    assert found.model is None
    assert found.version == 0
    assert found.problem == (
        "version 7, the serving model, has seen 16 of the 20 test images in its training, 4 are "
        "left, and gate.min_examples is 5"
    )
    assert "undo the change of data.split_salt, data.splits" in found.advice


def test_a_model_without_a_record_has_seen_everything(compare):
    found = compare(None)
    assert (found.version, found.model) == (0, None)
    assert "does not record which images it has seen" in found.problem
    assert "later models are compared" in found.advice


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"version": 0}, "there is no other serving model"),
        ({"digest": "new"}, "version 7, the serving model, is this model"),
        ({"names": ("a", "c")}, "version 7, the serving model, has other classes"),
    ],
)
def test_other_reasons_need_no_advice(compare, options, problem):
    found = compare((), **options)
    assert (found.version, found.problem, found.advice) == (0, problem, "")
