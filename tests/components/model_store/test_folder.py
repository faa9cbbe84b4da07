"""The rules that LocalStore and BucketStore share; the latter on TensorFlow's in-memory files."""

from pathlib import Path

import pytest
import tensorflow as tf

from components.model_store import bucket
from components.model_store.base import ServedVersion, model_digest
from components.model_store.bucket import BucketStore
from components.model_store.local import LocalStore


@pytest.fixture(params=["local", "bucket"])
def store(request, serving, tmp_path):
    if request.param == "local":
        return LocalStore(serving)
    return BucketStore(f"ram://{tmp_path.name}/serving")


def read(path):
    with tf.io.gfile.GFile(path) as file:
        return file.read()


def withdraw(store, version):
    """Moves a version as `LocalStore.withdraw_above` does."""
    source = f"{store.folder}/{version}"
    target = f"{store.withdrawn_folder}/{version}"
    for folder, _, names in tf.io.gfile.walk(source):
        copy = folder.replace(source, target)
        tf.io.gfile.makedirs(copy)
        for name in names:
            tf.io.gfile.copy(f"{folder}/{name}", f"{copy}/{name}")
    tf.io.gfile.rmtree(source)


def test_the_first_push_is_version_1_and_complete(model, store):
    pushed = store.push(model)
    assert (pushed.version, pushed.new) == (1, True)
    assert pushed.digest == model_digest(model) == model_digest(f"{store.folder}/1")
    assert store.current_version() == ServedVersion(1, f"{store.folder}/1", pushed.digest)


def test_each_retrained_model_is_a_new_version(model, store, retrain):
    store.push(model)
    retrain(model)
    assert store.push(model).version == 2


def test_the_serving_model_is_not_pushed_again(model, store):
    store.push(model)
    again = store.push(model)
    assert (again.version, again.new) == (1, False)
    assert store.served_versions() == [1]


def test_the_model_card_is_not_part_of_the_digest(model, store):
    pushed = store.push(model, card="# Card")
    assert read(f"{store.folder}/1/MODEL_CARD.md") == "# Card"
    assert pushed.digest == model_digest(f"{store.folder}/1") == model_digest(model)


def test_old_versions_are_removed_but_never_the_serving_one_and_its_predecessor(
    model, store, retrain
):
    for _ in range(4):
        store.push(model, keep=3)
        retrain(model)
    assert store.served_versions() == [2, 3, 4]
    store.push(model, keep=1)
    assert store.served_versions() == [4, 5]


def test_a_withdrawn_model_is_not_pushed_again_and_its_number_is_not_reused(model, store, retrain):
    store.push(model)
    retrain(model)
    store.push(model)
    withdraw(store, 2)
    assert store.current_version().version == 1
    again = store.push(model)
    assert (again.version, again.new, again.withdrawn) == (2, False, True)
    assert store.served_versions() == [1]
    retrain(model)
    assert store.push(model).version == 3


def test_a_withdrawn_model_can_be_pushed_again_on_purpose(model, store, retrain):
    store.push(model)
    retrain(model)
    store.push(model)
    withdraw(store, 2)
    pushed = store.push(model, again=True)
    assert (pushed.version, pushed.new) == (3, True)
    assert store.withdrawn_versions() == []


@pytest.fixture
def lite(tmp_path):
    """The path of the model as a TensorFlow Lite file."""
    file = tmp_path / "lite.tflite"
    file.write_text("lite")
    return str(file)


def exported(store):
    """The numbers of the versions that have a TensorFlow Lite file."""
    return [number for number in range(10) if store.exports.digest(number)]


def test_the_tensorflow_lite_file_of_a_version_has_its_number_and_is_removed_with_it(
    model, store, retrain, lite
):
    for _ in range(3):
        store.push(model, lite=lite, keep=2)
        retrain(model)
    assert store.exports.path(3).endswith("/exports/3/model.tflite")
    assert read(store.exports.path(3)) == "lite"
    assert exported(store) == [2, 3]
    assert store.push(model, keep=2).version == 4
    assert exported(store) == [3]


def test_a_tensorflow_lite_file_can_be_added_to_the_serving_version_and_removed(model, store, lite):
    card = f"{store.folder}/1/MODEL_CARD.md"
    store.push(model, card="without")
    # TensorFlow appends to an in-memory file that it should overwrite.
    tf.io.gfile.remove(card)
    assert not store.push(model, card="with", lite=lite).new
    assert (exported(store), read(card)) == ([1], "with")
    store.push(model, card="the same again", lite=lite)
    assert read(card) == "with"
    tf.io.gfile.remove(card)
    store.push(model, card="without")
    assert (exported(store), read(card)) == ([], "without")


def test_a_number_that_is_used_again_does_not_keep_the_file_of_another_model(
    model, store, retrain, lite
):
    store.push(model, lite=lite)
    tf.io.gfile.rmtree(f"{store.folder}/1")
    retrain(model)
    assert store.push(model).version == 1
    assert exported(store) == []


def test_a_model_that_was_withdrawn_has_no_file_until_it_is_pushed_on_purpose(
    model, store, retrain, lite
):
    store.push(model, lite=lite)
    retrain(model)
    store.push(model, lite=lite)
    withdraw(store, 2)
    assert store.push(model, lite=lite).withdrawn
    assert exported(store) == [1]
    store.push(model, lite=lite, again=True)
    assert exported(store) == [1, 3]


def test_files_of_others_in_the_folder_of_exports_stay(model, store, lite):
    folder = f"{store.exports.folder}/2025"
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(f"{folder}/report.csv", "w") as file:
        file.write("theirs")
    store.push(model, lite=lite, keep=2)
    store.push(model, keep=2)
    assert read(f"{folder}/report.csv") == "theirs"
    assert exported(store) == []


def test_a_push_that_was_killed_before_its_version_appeared_leaves_no_file(
    model, store, lite, monkeypatch
):
    written = []

    def killed(*args):
        written.extend(exported(store))
        raise KeyboardInterrupt

    monkeypatch.setattr(bucket, "_copy_model", killed)
    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        store.push(model, lite=lite)
    monkeypatch.undo()
    assert written == [1]
    assert store.served_versions() == []
    store.push(model)
    assert exported(store) == []


def test_the_baseline_of_a_model_is_the_same_before_and_after_its_push(model, store, retrain):
    none = store.baseline_for(model_digest(model))
    assert none == ServedVersion()
    first = store.push(model)
    assert store.baseline_for(first.digest) == none
    retrain(model)
    digest = model_digest(model)
    before = store.baseline_for(digest)
    assert (before.version, before.digest) == (1, first.digest)
    store.push(model)
    assert store.baseline_for(digest) == before
    # The first model would now be compared with the second one, which serves.
    assert store.baseline_for(first.digest).version == 2


def test_an_empty_store_serves_nothing(store):
    assert store.current_version() == ServedVersion()


# TensorFlow Serving reads the first ones as numbers; the last ones are digits only in Unicode.
@pytest.mark.parametrize(
    ("name", "misread"),
    [("007", True), ("0", True), (" 3", True), ("-5", True)]
    + [(name, False) for name in ("2.5", "+4", "²", "٣", "3a", "2_0", "9" * 30)],
)
def test_only_canonical_positive_numbers_are_versions(model, store, name, misread):
    store.push(model)
    copy = f"{store.folder}/{name}"
    tf.io.gfile.makedirs(copy)
    tf.io.gfile.copy(f"{store.folder}/1/saved_model.pb", f"{copy}/saved_model.pb")
    assert store.served_versions() == [1]
    assert store.current_version().version == 1
    assert store.misread() == ([name] if misread else [])
    # A push removes what interrupted ones left, but no folder that is not a version.
    tf.io.gfile.remove(f"{copy}/saved_model.pb")
    store.push(model)
    assert tf.io.gfile.exists(copy)
