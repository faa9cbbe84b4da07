"""BucketStore on a local folder, whose files TensorFlow accesses as those of a bucket."""

import os
import shutil
import subprocess
import sys
import time

import pytest
import tensorflow as tf

from components.model_store.base import ServedVersion, list_model_files, model_digest
from components.model_store.bucket import BucketStore, VersionChanged
from components.model_store.local import LocalStore

# A process that pushes the models that it is given. It waits for the file `start` first, dies
# within the push of a model named `dies`, and prints each version with the one that serves.
PUSHER = """
import os, shutil, sys, time
from pathlib import Path
import tensorflow as tf
from components.model_store.bucket import BucketStore

def copy(source, target, overwrite):
    if "/dies/" in source and source.endswith("saved_model.pb"):
        os._exit(9)
    time.sleep(0.01)
    shutil.copy(source, target)

tf.io.gfile.copy = copy
serving, start, *models = sys.argv[1:]
Path(start).with_name(f"ready-{os.getpid()}").touch()
while not Path(start).exists():
    time.sleep(0.005)
for model in models:
    pushed = BucketStore(serving).push(model)
    print(pushed.version, pushed.newer, pushed.digest)
"""


def start_pusher(serving, start, *models):
    command = [sys.executable, "-c", PUSHER, serving, start, *models]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)


def make_models(model, *names):
    """Copies a model under other names, each with other weights; returns the folders."""
    copies = [shutil.copytree(model, model.with_name(name)) for name in names]
    for folder in copies:
        (folder / "variables" / "variables.index").write_text(folder.name)
    return copies


def make_older(folder, hours):
    for path in folder.rglob("*"):
        os.utime(path, times=(time.time() - hours * 3600,) * 2)


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
    assert store.current_version() == ServedVersion()
    assert not (serving / "1").exists()
    monkeypatch.undo()
    assert store.push(model).version == 1


def test_two_processes_that_push_at_once_write_whole_versions_of_their_own(
    model, serving, tmp_path
):
    names = [[f"{process}{n}" for n in range(6)] for process in "ab"]
    start = tmp_path / "start"
    pushers = [start_pusher(serving, start, *make_models(model, *group)) for group in names]
    while len(list(tmp_path.glob("ready-*"))) < len(pushers):
        assert [p.poll() for p in pushers] == [None, None]
        time.sleep(0.05)
    start.touch()
    lines = [line.split() for p in pushers for line in p.communicate()[0].splitlines()]
    assert [p.returncode for p in pushers] == [0, 0]
    digests = {int(version): digest for version, _, digest in lines}
    assert len(digests) == 12
    assert {v: model_digest(serving / str(v)) for v in digests} == digests
    assert not list(serving.rglob(".push-*"))
    assert all(newer == "0" or int(newer) > int(version) for version, newer, _ in lines)


def test_what_a_killed_push_left_is_removed_after_a_day_and_not_before(
    model, store, serving, tmp_path
):
    (tmp_path / "start").touch()
    pusher = start_pusher(serving, tmp_path / "start", *make_models(model, "dies"))
    assert pusher.wait() == 9
    assert store.served_versions() == []
    left = [serving / "1" / name for name in list_model_files(str(serving / "1"))]
    assert left
    make_older(serving / "1", hours=23)
    assert store.push(model).version == 2
    assert all(file.exists() for file in left)
    make_older(serving / "1", hours=25)
    store.push(model)
    assert not (serving / "1").exists()
    assert store.served_versions() == [2]


def test_the_earlier_of_two_pushes_that_ends_later_tells_which_version_serves(
    model, store, serving, monkeypatch
):
    (other,) = make_models(model, "other")
    copy = tf.io.gfile.copy

    def copy_after_another_push(source, target, overwrite):
        monkeypatch.setattr(tf.io.gfile, "copy", copy)
        assert BucketStore(serving).push(other).version == 2
        copy(source, target, overwrite)

    monkeypatch.setattr(tf.io.gfile, "copy", copy_after_another_push)
    pushed = store.push(model)
    assert (pushed.version, pushed.new, pushed.newer) == (1, True, 2)
    assert store.current_version().digest == model_digest(other)


@pytest.mark.parametrize("last", ["variables.index", "saved_model.pb"])
def test_a_version_that_another_program_changes_does_not_stay(
    model, store, serving, monkeypatch, last
):
    copy = tf.io.gfile.copy

    def copy_and_damage(source, target, overwrite):
        copy(source, target, overwrite)
        if target.endswith(last):
            (serving / "1" / "variables" / "variables.index").write_text("of another program")

    monkeypatch.setattr(tf.io.gfile, "copy", copy_and_damage)
    with pytest.raises(VersionChanged, match=r"serving/1 does not hold the files of the model"):
        store.push(model)
    assert store.served_versions() == []


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
