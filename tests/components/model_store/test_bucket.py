"""BucketStore on a local folder, whose files TensorFlow accesses as those of a bucket."""

import shutil

import pytest
import tensorflow as tf

from components.model_store.base import ServedVersion
from components.model_store.bucket import BucketStore
from components.model_store.local import LocalStore


@pytest.fixture
def store(serving):
    return BucketStore(serving)


def test_versions_and_digests_are_those_of_a_local_store(model, store, serving):
    pushed = store.push(model, card="# Card")
    assert store.current_version() == LocalStore(serving).current_version()
    assert LocalStore(serving).push(model).digest == pushed.digest


def test_the_file_that_makes_a_version_count_is_written_last(model, store, serving, monkeypatch):
    written = []

    def copy(source, target, overwrite):
        written.append(target.removeprefix(f"{serving}/"))
        shutil.copy(source, target)

    monkeypatch.setattr(tf.io.gfile, "copy", copy)
    store.push(model)
    assert written == ["1/variables/variables.index", "1/saved_model.pb"]


def test_an_interrupted_push_leaves_no_version_and_the_next_one_starts_over(
    model, store, serving, monkeypatch
):
    def power_cut(source, target, overwrite):
        raise KeyboardInterrupt

    monkeypatch.setattr(tf.io.gfile, "copy", power_cut)
    with pytest.raises(KeyboardInterrupt):
        store.push(model)
    (serving / "1" / "left").write_text("over")
    assert store.current_version() == ServedVersion()
    monkeypatch.undo()
    assert store.push(model).version == 1
    assert not (serving / "1" / "left").exists()


def test_a_removal_deletes_the_file_that_makes_a_version_count_first(
    model, store, serving, retrain, monkeypatch
):
    def power_cut(_):
        raise KeyboardInterrupt

    for _ in range(2):
        store.push(model)
        retrain(model)
    monkeypatch.setattr(tf.io.gfile, "rmtree", power_cut)
    with pytest.raises(KeyboardInterrupt):
        store.push(model, keep=2)
    assert (serving / "1").exists()
    assert store.served_versions() == [2, 3]
