import os
import time
from unittest import mock

import pytest

from data.common.errors import TransientError, UsageError
from data.synthetic import write_sample
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.local.lock import locked
from pipeline.schedule.scheduled_run import ScheduledRun, outcome_of
from pipeline.schedule.service import schedule_lock
from pipeline.settings.loading import load_settings


@pytest.fixture
def data(tmp_path):
    write_sample(tmp_path / "span-1", count=5, shards=1, pixels=32)
    return tmp_path / "span-1"


def scheduled(tmp_path, *, settle=0.0, record_skips=True, source="span-{SPAN}/*"):
    settings = load_settings("quickstart", source=str(tmp_path / source))
    return ScheduledRun(settings, "quickstart", tmp_path / "root", settle, record_skips)


def test_data_that_is_still_being_written_is_skipped(tmp_path, data):
    run, exit_code = scheduled(tmp_path, settle=10).run()
    assert (run.state, run.error_kind, exit_code) == ("skipped", None, 0)
    assert "span-1 is still being written: it changed 0 min ago, and has no _SUCCESS" in run.error
    (entry,) = History(tmp_path / "root").runs()
    assert entry.error == run.error


def test_data_is_complete_after_the_settle_time_or_with_a_success_file(tmp_path, data):
    checked = scheduled(tmp_path, settle=10)
    assert checked._incomplete_data()
    (data / "_SUCCESS").touch()
    assert not checked._incomplete_data()
    (data / "_SUCCESS").unlink()
    long_ago = time.time() - 11 * 60
    for file in data.iterdir():
        os.utime(file, (long_ago, long_ago))
    assert not checked._incomplete_data()


def test_a_skipped_run_leaves_no_entry_if_not_wanted(tmp_path, data):
    run, _ = scheduled(tmp_path, settle=10, record_skips=False).run()
    assert run.state == "skipped"
    assert History(tmp_path / "root").runs() == []


def test_missing_data_is_a_usage_error(tmp_path):
    run, exit_code = scheduled(tmp_path, source="nowhere/span-{SPAN}/*").run()
    assert (run.state, run.error_kind, exit_code) == ("failed", "usage", 2)
    assert "nowhere does not exist" in run.error
    assert not outcome_of(run).transient
    assert History(tmp_path / "root").runs()[0].state == "failed"


def test_a_root_in_use_is_a_transient_failure(tmp_path, data):
    with locked(tmp_path / "root"):
        run, exit_code = scheduled(tmp_path).run()
    assert (run.state, exit_code) == ("failed", 2)
    assert outcome_of(run).transient


@pytest.mark.parametrize(
    ("error", "exit_code", "transient"),
    [
        (OSError(28, "No space left on device"), 1, True),
        (MemoryError("x"), 1, True),
        (PermissionError(13, "Permission denied"), 1, False),
        (TransientError("another run is using R"), 2, True),
        (UsageError("--data: nowhere does not exist"), 2, False),
    ],
)
def test_the_type_of_an_error_decides_exit_code_and_retry(
    tmp_path, data, monkeypatch, error, exit_code, transient
):
    failing = mock.Mock(side_effect=error)
    monkeypatch.setattr("pipeline.schedule.scheduled_run.run_pipeline", failing)
    run, code = scheduled(tmp_path).run()
    assert run.error == f"{type(error).__name__}: {error}"
    assert (run.state, code, outcome_of(run).transient) == ("failed", exit_code, transient)


@pytest.mark.parametrize("kind", ["transient", "step", "usage", None])
def test_a_failed_run_is_retried_if_its_error_is_transient(kind):
    run = Run(run_id="1", started="x", state="failed", config="c", settings={}, model="m",
              error="OSError: [Errno 28] No space left on device", error_kind=kind)  # fmt: skip
    assert outcome_of(run).transient == (kind == "transient")


def test_a_second_schedule_on_a_root_is_rejected(tmp_path):
    with schedule_lock(tmp_path):
        second = schedule_lock(tmp_path)
        with pytest.raises(UsageError, match="another schedule is running"):
            second.__enter__()


def test_a_root_that_cannot_be_written_is_rejected(tmp_path):
    (tmp_path / "file").touch()
    lock = schedule_lock(tmp_path / "file" / "root")
    with pytest.raises(UsageError, match="cannot be written"):
        lock.__enter__()
