"""Pushes, rollbacks and withdrawals are noticed, with models that are only their numbers."""

import dataclasses
import os
import shutil
import threading
from pathlib import Path

import pytest

from components.model_store.local import LocalStore
from pipeline.serving import versions as module
from pipeline.serving.versions import Versions

NOT_LOADABLE = "damaged"


@dataclasses.dataclass(frozen=True)
class Fake:
    version: int
    content: str


def load(version: int, folder: Path) -> Fake:
    content = (folder / "saved_model.pb").read_text()
    if content == NOT_LOADABLE:
        raise ValueError("not a SavedModel")
    return Fake(version, content)


@pytest.fixture
def store(tmp_path) -> LocalStore:
    return LocalStore(tmp_path / "serving")


@pytest.fixture
def versions(store) -> Versions:
    return Versions(Path(store.folder), load)


@pytest.fixture
def push(store, tmp_path):
    def push(content: str) -> int:
        model = tmp_path / "model"
        model.mkdir(exist_ok=True)
        (model / "saved_model.pb").write_text(content)
        return store.push(model).version

    return push


def serving(versions: Versions) -> int | None:
    """Returns the version that serves after a poll."""
    versions.poll()
    model = versions.serving()
    return model.version if model else None


def states(versions: Versions) -> list[tuple[int, str]]:
    return [(status.version, status.state) for status in versions.status()]


def test_pushes_and_rollbacks_are_followed(versions, push, store):
    assert serving(versions) is None
    push("a")
    assert serving(versions) == 1
    push("b")
    assert serving(versions) == 2
    assert states(versions) == [(2, "AVAILABLE"), (1, "END")]
    store.withdraw_above(1)
    assert serving(versions) == 1
    assert states(versions) == [(2, "END"), (1, "AVAILABLE")]
    store.withdraw_above(0)
    assert serving(versions) is None
    assert states(versions) == [(2, "END"), (1, "END")]


def test_10_is_newer_than_9(versions, push, store):
    for number in range(10):
        push(str(number))
    assert serving(versions) == 10


def test_a_version_is_loaded_once(versions, push):
    push("a")
    serving(versions)
    first = versions.serving()
    serving(versions)
    assert versions.serving() is first


def test_another_model_with_the_same_number_is_loaded(versions, push, store):
    push("a")
    assert serving(versions) == 1
    shutil.rmtree(f"{store.folder}/1")
    push("b")
    assert serving(versions) == 1
    assert versions.serving().content == "b"
    assert states(versions) == [(1, "AVAILABLE")]


def test_a_model_that_cannot_be_loaded_is_told_and_the_one_before_serves_on(versions, push, caplog):
    loads = []
    versions.on_load = loads.append
    push("a")
    serving(versions)
    push(NOT_LOADABLE)
    for _ in range(3):
        assert serving(versions) == 1
    newest = versions.status()[0]
    assert (newest.version, newest.state) == (2, "END")
    assert newest.error == "ValueError: not a SavedModel"
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == [
        "version 2 cannot be loaded: ValueError: not a SavedModel"
    ]
    assert loads == [True, False]
    push("c")
    assert serving(versions) == 3


def test_a_failed_version_is_tried_again_later(versions, push, monkeypatch, store):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    push(NOT_LOADABLE)
    assert serving(versions) is None
    file = Path(store.folder, "1", "saved_model.pb")
    status = file.stat()
    file.write_text("a", encoding="utf-8")
    # Only time has passed: the version looks the same.
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert serving(versions) == 1


def test_a_withdrawn_model_does_not_serve_because_the_one_before_is_damaged(versions, push, store):
    push(NOT_LOADABLE)
    push("b")
    assert serving(versions) == 2
    store.withdraw_above(1)
    assert serving(versions) is None


def test_a_version_serves_until_the_next_is_loaded(versions, push):
    push("a")
    serving(versions)
    seen = []

    def look_and_load(version, folder):
        seen.append((versions.serving().version, states(versions)))
        return load(version, folder)

    versions.load = look_and_load
    push("b")
    assert serving(versions) == 2
    assert seen == [(1, [(2, "LOADING"), (1, "AVAILABLE")])]


def test_a_version_that_is_withdrawn_while_it_is_loaded_is_no_error(versions, push, store, caplog):
    push("a")
    serving(versions)

    def withdraw_and_load(version, folder):
        store.withdraw_above(1)
        return load(version, folder)

    versions.load = withdraw_and_load
    push("b")
    assert serving(versions) == 1
    assert versions.status()[0].error == ""
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_an_incomplete_folder_is_not_a_version(versions, push, store):
    push("a")
    Path(store.folder, "2").mkdir()
    assert serving(versions) == 1
    assert states(versions) == [(1, "AVAILABLE")]


def test_watching_goes_on_after_an_error_and_ends(versions, monkeypatch, caplog):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    polls = threading.Semaphore(0)

    def fail():
        polls.release()
        raise PermissionError("denied")

    monkeypatch.setattr(versions, "poll", fail)
    watching = threading.Thread(target=versions.watch)
    watching.start()
    assert polls.acquire(timeout=120)
    assert polls.acquire(timeout=120)
    versions.stop()
    watching.join(20)
    assert not watching.is_alive()
    # The same error is told once.
    assert caplog.text.count("cannot look for versions in") == 1
    assert "PermissionError: denied" in caplog.text


@pytest.mark.slow
def test_the_list_of_ended_versions_is_bounded(versions, push):
    for number in range(30):
        push(str(number))
        versions.poll()
    assert len(versions.status()) == 21
    assert versions.status()[0].state == "AVAILABLE"
