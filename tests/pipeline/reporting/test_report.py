import io
import json
import shlex
from pathlib import Path

import pytest

from pipeline.compat import this_python
from pipeline.history.run import Run, Step
from pipeline.history.runs import RUN_FILE, History
from pipeline.reporting.console import Console
from pipeline.reporting.report import Report


@pytest.fixture
def opened(tmp_path):
    """A report of a run with a running step, the run's file, and the console's text."""
    history, text = History(tmp_path), io.StringIO()
    history.folder("1").mkdir(parents=True)
    run = Run(
        run_id="1", started="2026-11-27T00:00:00+00:00", state="running", config="c", settings={},
        model="squeezenet", steps=[Step(name="Trainer", state="running"), Step(name="Gate")],
    )  # fmt: skip
    report = Report(run, history, Console(text), {})
    return report, lambda: json.loads((history.folder("1") / RUN_FILE).read_text()), text


def test_a_failure_is_saved_with_its_kind_and_shown_with_its_step_and_log(opened):
    report, saved, text = opened
    report.step_failed("Trainer", 1.0)
    report.failed(OSError(28, "No space left on device"))
    assert saved()["state"] == "failed"
    assert saved()["error"] == "OSError: [Errno 28] No space left on device"
    assert saved()["error_kind"] == "transient"
    assert [step["state"] for step in saved()["steps"]] == ["failed", "skipped"]
    assert "FAILED in Trainer: OSError: [Errno 28]" in text.getvalue()
    assert "history/1/log.txt" in text.getvalue()


def test_a_package_that_cannot_be_imported_is_a_failure_with_a_remedy(opened):
    report, _, text = opened
    report.step_failed("Trainer", 1.0)
    report.failed(ImportError("no module named tensorboard"))
    assert f"`make clean setup PYTHON={this_python()}` installs all again" in text.getvalue()


def test_the_commands_that_follow_a_run_can_be_pasted(opened, tmp_path, monkeypatch):
    report, _, text = opened
    monkeypatch.setattr("sys.argv", ["/opt/my env/flowers"])
    root = Path("/data/$x 'q'")
    report.concluded("refused", root, root / "curves")
    lines = dict(line.split(":", 1) for line in text.getvalue().splitlines() if ": " in line)
    for name in ("Reasons", "Curves", "All runs"):
        words = shlex.split(lines[name])
        assert words[0].startswith("/opt/my env/")
        assert Path(words[-1]) in (root, root / "curves")


@pytest.mark.parametrize("cached", [False, True])
def test_a_missing_picture_is_reported_also_of_a_cached_step(opened, cached):
    report, _, text = opened
    report.step_finished("Trainer", 1.0, cached, ["detail"], ["training.png is missing"])
    assert "  training.png is missing\n" in text.getvalue()
    assert ("detail" in text.getvalue()) != cached


def test_refused_data_is_no_failure(opened):
    report, saved, text = opened
    report.data_refused(ValueError("too many bad records\nsecond line"))
    assert (saved()["state"], saved()["error_kind"]) == ("data refused", None)
    assert saved()["error"] == "too many bad records\nsecond line"
    assert "DATA REFUSED" in text.getvalue()


def test_an_interruption_is_saved(opened):
    report, saved, _ = opened
    with pytest.raises(SystemExit), report:
        raise SystemExit(143)
    assert saved()["state"] == "interrupted"
    assert saved()["steps"][0]["state"] == "interrupted"
