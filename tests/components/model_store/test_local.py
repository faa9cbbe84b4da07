import hashlib

import pytest

from components.lite.result import LiteResult
from components.model_store import local
from components.model_store.exports import judged_file
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


def test_the_tensorflow_lite_file_of_the_serving_version_is_replaced(model, serving, tmp_path):
    lite = tmp_path / "lite.tflite"
    left = tmp_path / "exports" / "1" / ".model.tflite.99.tmp"
    for content in ("large", "small"):
        lite.write_text(content)
        LocalStore(serving).push(model, lite=str(lite))
        left.write_text("of a copy that was killed")
    LocalStore(serving).push(model, lite=str(lite))
    assert (tmp_path / "exports" / "1" / "model.tflite").read_text() == "small"
    lite.write_text("tiny")
    LocalStore(serving).push(model, lite=str(lite))
    assert not left.exists()
    LocalStore(serving).push(model)
    assert list((tmp_path / "exports").iterdir()) == []


def test_a_withdrawn_version_has_no_tensorflow_lite_file(model, serving, retrain, tmp_path):
    store = LocalStore(serving)
    lite = tmp_path / "lite.tflite"
    lite.write_text("lite")
    for _ in range(2):
        store.push(model, lite=str(lite))
        retrain(model)
    store.withdraw_above(1)
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["1"]


def test_the_file_of_a_model_is_the_one_that_was_judged(tmp_path):
    content = b"lite"
    result = LiteResult("int8", digest=hashlib.sha256(content).hexdigest(), n=1)
    assert judged_file(str(tmp_path), None) == judged_file("", LiteResult("int8")) == ""
    for other in (None, b"damaged"):
        if other:
            (tmp_path / "model.tflite").write_bytes(other)
        with pytest.raises(RuntimeError, match=r"model\.tflite is missing, or is not the"):
            judged_file(str(tmp_path), result)
    (tmp_path / "model.tflite").write_bytes(content)
    assert judged_file(str(tmp_path), result) == str(tmp_path / "model.tflite")
