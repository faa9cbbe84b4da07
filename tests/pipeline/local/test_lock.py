import datetime
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from data.common.errors import TransientError, UsageError
from pipeline.local import lock as lock_module
from pipeline.local.lock import locked
from pipeline.root_files import OWNER_FILE

NOW = datetime.datetime.now(datetime.UTC)


def test_a_second_run_on_a_root_gets_an_error_that_names_the_first(tmp_path):
    with locked(tmp_path) as lock:
        lock.name_run("20261124-120000")
        with (
            pytest.raises(UsageError, match=f"run 20261124-120000 .process {os.getpid()} on"),
            locked(tmp_path),
        ):
            pass
    with locked(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_released(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from pipeline.local.lock import locked
with locked(Path({str(tmp_path)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert (tmp_path / OWNER_FILE).exists()
    with locked(tmp_path):
        pass


def note_elsewhere(root, since, silence=0.0):
    """Writes the note of a process on another machine with its last heartbeat `silence` s ago."""
    owner = {"host": "elsewhere", "pid": 7, "since": since.isoformat(), "run_id": "20261124-090000"}
    (root / OWNER_FILE).write_text(json.dumps(owner))
    os.utime(root / OWNER_FILE, (time.time() - silence,) * 2)
    return owner


def test_a_root_locked_by_another_machine_is_refused_with_its_name_and_age(tmp_path):
    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=3, minutes=5)
    owner = note_elsewhere(tmp_path, since, silence=61)
    expected = r"on elsewhere, since 3 h [0-9]+ min, last alive 1 min . s ago.*remove .*json"
    with pytest.raises(UsageError, match=expected), locked(tmp_path):
        pass
    assert json.loads((tmp_path / OWNER_FILE).read_text()) == owner
    (tmp_path / OWNER_FILE).write_text(json.dumps(owner | {"host": socket.gethostname()}))
    with locked(tmp_path):
        pass


# The clock of the other machine is days ahead or behind; that of the disk counts.
@pytest.mark.parametrize("clock_difference", [-3, 0, 3])
def test_the_lock_of_another_machine_that_is_silent_is_taken_over(
    tmp_path, capsys, clock_difference
):
    since = NOW + datetime.timedelta(days=clock_difference)
    note_elsewhere(tmp_path, since, silence=590)
    with pytest.raises(UsageError, match="last alive 9 min 5"), locked(tmp_path):
        pass
    note_elsewhere(tmp_path, since, silence=660)
    with locked(tmp_path):
        assert json.loads((tmp_path / OWNER_FILE).read_text())["host"] == socket.gethostname()
    shown = capsys.readouterr().out
    assert "was locked by run 20261124-090000 (process 7 on elsewhere" in shown
    assert "last alive 11 min" in shown
    assert not (tmp_path / OWNER_FILE).exists()


@pytest.fixture
def fast_heartbeat(monkeypatch):
    monkeypatch.setattr(lock_module, "_HEARTBEAT_SECONDS", 0.005)


def wait_for(condition):
    """Returns whether a condition becomes true within a minute, on a machine that may be busy."""
    for _ in range(12_000):
        if condition():
            return True
        time.sleep(0.005)
    return False


@pytest.mark.usefixtures("fast_heartbeat")
def test_the_heartbeat_lasts_as_long_as_the_lock(tmp_path):
    before = threading.active_count()
    with locked(tmp_path) as lock:
        lock.name_run("20261124-120000")
        os.utime(tmp_path / OWNER_FILE, (0, 0))
        assert wait_for(lambda: (tmp_path / OWNER_FILE).stat().st_mtime > 0)
    assert threading.active_count() == before
    assert not (tmp_path / OWNER_FILE).exists()


@pytest.mark.usefixtures("fast_heartbeat")
def test_the_note_of_a_process_that_took_over_is_neither_refreshed_nor_removed(tmp_path):
    with locked(tmp_path):
        note_elsewhere(tmp_path, NOW, silence=1000)
        written = (tmp_path / OWNER_FILE).stat().st_mtime
        time.sleep(0.1)
        assert (tmp_path / OWNER_FILE).stat().st_mtime == written
    assert (tmp_path / OWNER_FILE).exists()


@pytest.mark.usefixtures("fast_heartbeat")
def test_a_heartbeat_that_is_impossible_is_tried_again(tmp_path, monkeypatch):
    original, failures = os.utime, []

    def fail_twice(path, *args):
        if len(failures) < 2:
            failures.append(path)
            raise OSError(5, "Input/output error")
        original(path, *args)

    with locked(tmp_path):
        original(tmp_path / OWNER_FILE, (0, 0))
        monkeypatch.setattr(os, "utime", fail_twice)
        assert wait_for(lambda: (tmp_path / OWNER_FILE).stat().st_mtime > 0)
    assert len(failures) == 2


def test_a_process_that_has_lost_its_lock_does_not_begin_a_run(tmp_path):
    with locked(tmp_path) as lock:
        owner = note_elsewhere(tmp_path, NOW)
        with pytest.raises(TransientError, match="another machine has taken over the lock"):
            lock.name_run("20261124-120000")
        assert json.loads((tmp_path / OWNER_FILE).read_text()) == owner


def test_a_root_that_is_not_writable_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(UsageError, match="cannot be written: Not a directory"),
        locked(tmp_path / "file" / "root"),
    ):
        pass
