import io
import json

import pytest

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
