import io
import shutil

import pytest

from data.common.errors import UsageError
from pipeline.history.runs import History
from pipeline.report_page import page
from pipeline.report_page.refresh import PagesAfterRun, kept_report, refresh_pages, stored_report
from pipeline.reporting.console import Console
from tests.pipeline.report_page.toy_run import write_toy_run


@pytest.fixture
def run(tmp_path):
    return write_toy_run(tmp_path, pixels=16)


def test_the_line_of_the_console_names_the_written_report(tmp_path, run):
    assert stored_report(tmp_path, run) is None
    line = refresh_pages(tmp_path, run)
    file = stored_report(tmp_path, run)
    assert line == f"Report:   {file}"
    assert "<h1>Run 20261127-120000</h1>" in file.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_made_is_a_line_and_a_traceback_in_the_log(
    tmp_path, run, monkeypatch, caplog
):
    monkeypatch.setattr(page, "render", lambda *_, **__: 1 / 0)
    line = refresh_pages(tmp_path, run)
    assert line.startswith("Report:   missing, because it cannot be made: ZeroDivisionError")
    assert "Traceback" in caplog.text


def test_the_report_is_written_when_a_run_has_ended(tmp_path, run):
    text = io.StringIO()
    with PagesAfterRun(tmp_path, run, Console(text)):
        assert stored_report(tmp_path, run) is None
    assert text.getvalue() == f"Report:   {stored_report(tmp_path, run)}\n"


@pytest.mark.parametrize("error", [SystemExit(130), KeyboardInterrupt(), ValueError("x")])
def test_the_report_is_written_also_if_the_run_was_interrupted(error, tmp_path, run):
    text = io.StringIO()
    with pytest.raises(type(error)), PagesAfterRun(tmp_path, run, Console(text)):
        raise error
    assert text.getvalue() == f"Report:   {stored_report(tmp_path, run)}\n"


def test_the_index_links_to_the_new_report(tmp_path, run):
    refresh_pages(tmp_path, run)
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert f'href="history/{run.run_id}/report.html"' in index


def test_an_index_that_cannot_be_written_is_a_line_before_that_of_the_report(tmp_path, run):
    (tmp_path / "index.html").mkdir()
    index, report = refresh_pages(tmp_path, run).splitlines()
    assert index.startswith(f"{tmp_path / 'index.html'} could not be made current: ")
    assert report == f"Report:   {stored_report(tmp_path, run)}"


def test_refused_input_leaves_no_report(tmp_path, run):
    shutil.rmtree(History(tmp_path).folder(run.run_id))
    text = io.StringIO()
    with pytest.raises(UsageError), PagesAfterRun(tmp_path, run, Console(text)):
        raise UsageError("no records")
    assert text.getvalue() == ""
    assert stored_report(tmp_path, run) is None


def test_the_report_is_kept_when_its_files_were_removed(tmp_path, run):
    refresh_pages(tmp_path, run)
    assert kept_report(tmp_path, run) is None
    shutil.rmtree(run.artifacts["Predictions"]["predictions"])
    assert kept_report(tmp_path, run) == stored_report(tmp_path, run)
