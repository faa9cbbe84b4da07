"""On local folders: what it calls of TensorFlow's file system is the same there and on gs://."""

import shutil

import pytest
import tensorflow as tf

from components.model_store import bucket, local
from components.model_store.bucket import baseline_for, current_version, push_to_bucket
from components.model_store.local import ServedVersion


def pushed(model, serving, keep=5):
    return push_to_bucket(str(model), str(serving), "# Card", keep)


def test_digests_and_versions_are_those_of_the_push_to_a_folder(model, serving):
    first = pushed(model, serving)
    assert (first.version, first.new) == (1, True)
    assert first.digest == local.model_digest(model) == local.model_digest(serving / "1")
    assert (serving / "1" / "MODEL_CARD.md").read_text() == "# Card"
    assert current_version(str(serving)) == local.current_version(serving)
    again = pushed(model, serving)
    assert (again.version, again.new) == (1, False)


def test_what_makes_a_version_count_is_written_last(model, serving, monkeypatch):
    written = []

    def copy(source, target, overwrite):
        written.append(target.removeprefix(f"{serving}/"))
        shutil.copy(source, target)

    monkeypatch.setattr(tf.io.gfile, "copy", copy)
    pushed(model, serving)
    assert written == ["1/variables/variables.index", "1/saved_model.pb"]


def test_an_interrupted_push_leaves_no_version_and_the_next_one_starts_over(
    model, serving, monkeypatch
):
    def power_cut(source, target, overwrite):
        raise KeyboardInterrupt

    monkeypatch.setattr(tf.io.gfile, "copy", power_cut)
    with pytest.raises(KeyboardInterrupt):
        pushed(model, serving)
    (serving / "1" / "left").write_text("over")
    assert current_version(str(serving)) == ServedVersion()
    monkeypatch.undo()
    assert pushed(model, serving).version == 1
    assert not (serving / "1" / "left").exists()


def test_old_versions_go_and_the_one_that_serves_and_its_predecessor_never(model, serving, retrain):
    for _ in range(4):
        pushed(model, serving, keep=1)
        retrain(model)
    assert local.served_versions(serving) == [3, 4]


def test_a_withdrawn_model_is_not_pushed_again_and_its_number_not_given_again(
    model, serving, retrain
):
    pushed(model, serving)
    retrain(model)
    pushed(model, serving)
    local.withdraw(serving, 1)
    again = pushed(model, serving)
    assert (again.version, again.withdrawn) == (2, True)
    retrain(model)
    assert pushed(model, serving).version == 3


def test_a_model_replaces_the_same_one_before_its_push_and_after_it(model, serving, retrain):
    nothing = baseline_for(str(serving), bucket.model_digest(str(model)))
    assert nothing == ServedVersion()
    first = pushed(model, serving)
    assert baseline_for(str(serving), first.digest) == nothing
    retrain(model)
    digest = bucket.model_digest(str(model))
    before = baseline_for(str(serving), digest)
    assert (before.version, before.digest) == (1, first.digest)
    pushed(model, serving)
    assert baseline_for(str(serving), digest) == before
    # The first model, once more, is compared with the second one, which serves.
    assert baseline_for(str(serving), first.digest).version == 2
