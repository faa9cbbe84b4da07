import datetime

import pytest

from components.gate.verdict import Verdict
from data.common.errors import UsageError
from pipeline.history.run import Run, Step
from pipeline.history.runs import History

NOON = datetime.datetime(2026, 1, 2, 12, 0, 0, tzinfo=datetime.UTC)


def new_run(history: History, now: datetime.datetime) -> Run:
    run = Run(
        run_id=history.new_run_id(now), started=now.isoformat(), state="running",
        config="quickstart", settings={}, model="squeezenet", steps=[Step(name="Gate")],
    )  # fmt: skip
    history.save(run)
    return run


def test_runs_are_listed_newest_first(tmp_path):
    history = History(tmp_path)
    first = new_run(history, NOON)
    last = new_run(history, NOON + datetime.timedelta(hours=1))
    assert list(history.runs()) == [last, first]


def test_runs_that_start_in_the_same_second_have_different_ids(tmp_path):
    history = History(tmp_path)
    runs = [new_run(history, NOON) for _ in range(11)]
    assert [run.run_id for run in runs[:2]] == ["20260102-120000", "20260102-120000-2"]
    assert list(history.runs()) == runs[::-1]


def test_a_verdict_is_saved_in_a_separate_file(tmp_path):
    history = History(tmp_path)
    run = new_run(history, NOON)
    folder = history.folder(run.run_id)
    assert [file.name for file in folder.iterdir()] == ["run.json"]
    run.verdict = Verdict(False, "accuracy", 0.5, 0.4, 0.6, 0.8, 10, ["too low"])
    history.save(run)
    assert sorted(file.name for file in folder.iterdir()) == ["run.json", "verdict.json"]


def test_the_history_is_empty_before_the_first_run(tmp_path):
    assert History(tmp_path).runs() == []


def test_a_run_with_a_multiline_error_is_listed_in_one_line(tmp_path):
    run = new_run(History(tmp_path), NOON)
    run.error = "first\nsecond"
    assert run.format_line().endswith("first")
    run.error = "broken record files:\na.tfrec\nsecond"
    assert run.format_line().endswith("broken record files: a.tfrec")


def test_a_newer_format_is_refused(tmp_path):
    history = History(tmp_path)
    run = new_run(history, NOON)
    run.format_version += 1
    history.save(run)
    with pytest.raises(
        UsageError, match=r"run\.json has format 3, and this program reads formats up to 2"
    ):
        history.runs()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format_version": 1}'])
def test_a_damaged_run_file_is_named(tmp_path, text):
    folder = tmp_path / "history" / "20260102-120000"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(text)
    with pytest.raises(UsageError, match=r"20260102-120000/run\.json is damaged"):
        History(tmp_path).runs()


def test_the_run_of_a_dead_process_is_marked_as_interrupted(tmp_path):
    history = History(tmp_path)
    run = new_run(history, NOON)
    run.steps = [Step(name="Trainer", state="running"), Step(name="Gate")]
    history.save(run)
    history.mark_dead(history.runs())
    (found,) = history.runs()
    assert found.state == "interrupted"
    assert [step.state for step in found.steps] == ["interrupted", "skipped"]


def test_an_unknown_step_is_an_error(tmp_path):
    with pytest.raises(KeyError):
        new_run(History(tmp_path), NOON).step("Nothing")
