import pytest

from components.model_store import local
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
