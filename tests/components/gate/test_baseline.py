"""The serving model is compared only on images that it has not seen."""

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
    """Returns a function that looks for the comparison with a model that has seen images."""
    model, folder = Model(), str(tmp_path)
    tf.saved_model.save(model, folder, signatures={"serving_default": model.serving_default})

    def find(seen, names=("a", "b"), version=7, digest="serving", least=5):
        if seen is not None:
            write_seen(np.array(seen, np.uint64), folder)
        serving = ServedVersion(version, folder, digest)
        return find_comparison(serving, "new", list(names), TEST, least)

    return find


def test_a_model_that_has_seen_no_test_image_is_compared_on_all(compare):
    found = compare(range(100))
    assert (found.version, found.seen, found.advice) == (7, None, "")
    assert found.model.class_names == ["a", "b"]


def test_images_that_it_has_seen_are_not_compared(compare):
    found = compare(range(90, 105))
    assert found.version == 7
    assert (~np.isin(TEST, found.seen)).sum() == 20 - 5


def test_few_test_images_are_another_rule_if_it_has_seen_none(compare):
    found = compare(range(100), least=30)
    assert (found.version, found.problem, found.advice) == (7, "", "")


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
    assert "once a model of this version" in found.advice


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
