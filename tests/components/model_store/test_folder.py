"""The rules that LocalStore and BucketStore share; the latter on TensorFlow's in-memory files."""

import pytest
import tensorflow as tf

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
    """The model as a TensorFlow Lite file, by its file name."""
    file = tmp_path / "lite" / "model.tflite"
    file.parent.mkdir()
    file.write_text("lite")
    return {"model.tflite": str(file)}


def test_other_formats_of_a_version_have_its_number_and_are_removed_with_it(
    model, store, retrain, lite
):
    for _ in range(3):
        store.push(model, exports=lite, keep=2)
        retrain(model)
    assert read(f"{store.exports_folder}/3/model.tflite") == "lite"
    assert [store.exports_of(number) for number in (1, 2, 3)] == [set(), {*lite}, {*lite}]
    assert store.push(model, keep=2).version == 4
    assert store.exports_of(2) == store.exports_of(4) == set()


def test_another_format_can_be_added_to_the_serving_version(model, store, lite):
    store.push(model)
    assert (store.push(model, exports=lite).new, store.exports_of(1)) == (False, {*lite})


def test_a_model_that_was_withdrawn_gets_no_other_formats(model, store, retrain, lite):
    store.push(model)
    retrain(model)
    store.push(model)
    withdraw(store, 2)
    assert store.push(model, exports=lite).withdrawn
    assert store.exports_of(2) == set()
    pushed = store.push(model, exports=lite, again=True)
    assert store.exports_of(pushed.version) == {*lite}


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
