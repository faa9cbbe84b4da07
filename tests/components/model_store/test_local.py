import pytest

from components.model_store import folder, local
from components.model_store.local import LocalStore


def test_versions_are_sorted_as_numbers_and_other_names_are_ignored(model, serving):
    for name in ("9", "10", ".tmp-x", "notes"):
        (serving / name).mkdir(parents=True)
    assert LocalStore(serving).newest_version() == 10
    assert LocalStore(serving).push(model).version == 11


def test_an_interrupted_push_leaves_no_version_and_the_next_one_cleans_up(
    model, serving, monkeypatch
):
    def power_cut(_):
        raise KeyboardInterrupt

    store = LocalStore(serving)
    monkeypatch.setattr(local, "_flush", power_cut)
    with pytest.raises(KeyboardInterrupt):
        store.push(model)
    assert store.newest_version() == 0
    assert len(store.unfinished_pushes()) == 1
    monkeypatch.undo()
    assert store.push(model).version == 1
    assert [path.name for path in serving.iterdir()] == ["1"]


def test_without_a_push_the_newest_version_is_0(serving):
    assert LocalStore(serving).newest_version() == 0


def test_withdrawn_versions_are_moved_the_newest_first(model, serving, retrain):
    store = LocalStore(serving)
    for _ in range(3):
        store.push(model)
        retrain(model)
    assert store.withdraw_above(1) == [3, 2]
    assert store.served_versions() == [1]
    assert store.withdrawn_versions() == [2, 3]
    assert sorted(path.name for path in (serving.parent / "withdrawn").iterdir()) == ["2", "3"]


def test_another_format_of_the_serving_version_is_replaced(model, serving, tmp_path):
    lite = tmp_path / "model.tflite"
    for content in ("large", "small"):
        lite.write_text(content)
        LocalStore(serving).push(model, exports={"model.tflite": str(lite)})
    assert (tmp_path / "exports" / "1" / "model.tflite").read_text() == "small"


def test_other_formats_of_a_withdrawn_version_are_moved_with_it(model, serving, retrain, tmp_path):
    store = LocalStore(serving)
    lite = tmp_path / "model.tflite"
    lite.write_text("lite")
    for _ in range(2):
        store.push(model, exports={"model.tflite": str(lite)})
        retrain(model)
    store.withdraw_above(1)
    assert (store.exports_of(1), store.exports_of(2)) == ({"model.tflite"}, set())
    moved = tmp_path / "withdrawn" / "exports" / "2" / "model.tflite"
    assert moved.read_text() == "lite"
    assert store.withdrawn_versions() == [2]
    # A promotion pushes the withdrawn model, here the one before the last change, again.
    weights = model / "variables" / "variables.index"
    weights.write_text("weights+")
    assert store.push(model, keep=5, again=True).version == 3
    assert not moved.exists()


def test_a_push_that_was_killed_before_its_other_formats_is_completed(
    model, serving, tmp_path, monkeypatch
):
    def killed(*args):
        raise KeyboardInterrupt

    lite = tmp_path / "model.tflite"
    lite.write_text("lite")
    exports = {"model.tflite": str(lite)}
    monkeypatch.setattr(folder, "copy_file", killed)
    store = LocalStore(serving)
    with pytest.raises(KeyboardInterrupt):
        store.push(model, exports=exports)
    monkeypatch.undo()
    assert (store.push(model, exports=exports).version, store.exports_of(1)) == (1, {*exports})
