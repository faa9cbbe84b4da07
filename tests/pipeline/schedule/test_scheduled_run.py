import os
import time

import pytest

from data.common.errors import UsageError
from data.synthetic import write_sample
from pipeline.history.runs import History, Run
from pipeline.local.root import locked
from pipeline.schedule.lock import only_one
from pipeline.schedule.scheduled_run import ScheduledRun, outcome_of
from pipeline.settings.loading import load_settings


@pytest.fixture
def data(tmp_path):
    write_sample(tmp_path / "span-1", count=5, shards=1, pixels=32)
    return tmp_path / "span-1"


def turn(tmp_path, *, settle=0.0, note_skips=True, source="span-{SPAN}/*"):
    settings = load_settings("quickstart", source=str(tmp_path / source))
    return ScheduledRun(settings, "quickstart", tmp_path / "root", settle, note_skips)


def test_data_that_is_still_being_written_is_left_alone(tmp_path, data):
    run = turn(tmp_path, settle=10).take()
    assert run.state == "skipped"
    assert "span-1 is still being written: it changed 0 min ago, and has no _SUCCESS" in run.error
    (noted,) = History(tmp_path / "root").runs()
    assert noted.error == run.error


def test_data_is_complete_once_nothing_changed_for_so_long_or_a_mark_says_so(tmp_path, data):
    checked = turn(tmp_path, settle=10)
    assert checked._unfinished()
    (data / "_SUCCESS").touch()
    assert not checked._unfinished()
    (data / "_SUCCESS").unlink()
    long_ago = time.time() - 11 * 60
    for file in data.iterdir():
        os.utime(file, (long_ago, long_ago))
    assert not checked._unfinished()


def test_a_turn_that_need_not_be_noted_leaves_no_entry(tmp_path, data):
    assert turn(tmp_path, settle=10, note_skips=False).take().state == "skipped"
    assert History(tmp_path / "root").runs() == []


def test_what_is_missing_is_a_failure_that_will_not_pass(tmp_path):
    run = turn(tmp_path, source="nowhere/span-{SPAN}/*").take()
    assert run.state == "failed"
    assert "nowhere does not exist" in run.error
    assert not outcome_of(run).may_pass
    assert History(tmp_path / "root").runs()[0].state == "failed"


def test_a_root_in_use_is_a_failure_that_may_pass(tmp_path, data):
    with locked(tmp_path / "root"):
        run = turn(tmp_path).take()
    assert run.state == "failed"
    assert outcome_of(run).may_pass


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        ("OSError: [Errno 28] No space left on device", True),
        ("UnavailableError: connection reset", True),
        ("ValueError: the train split has 3 examples", False),
        ("UsageError: --data: nowhere does not exist", False),
    ],
)
def test_a_failure_passes_or_does_not_by_what_it_is(error, passes):
    run = Run(run_id="1", started="x", state="failed", config="c", settings={}, model="m",
              error=error)  # fmt: skip
    assert outcome_of(run).may_pass == passes


def test_a_second_schedule_on_a_root_is_refused(tmp_path):
    with only_one(tmp_path):
        second = only_one(tmp_path)
        with pytest.raises(UsageError, match="a schedule is at work"):
            second.__enter__()


def test_a_root_that_can_not_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    schedule = only_one(tmp_path / "file" / "root")
    with pytest.raises(UsageError, match="can't be written"):
        schedule.__enter__()
