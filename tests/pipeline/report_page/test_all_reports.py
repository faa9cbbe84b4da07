import shutil

import pytest

from data.common.errors import UsageError
from pipeline.history.runs import REPORT_FILE, History
from pipeline.report_page.all_reports import write_all
from tests.pipeline.report_page.toy_root import FIRST, SECOND, write_toy_root


@pytest.fixture
def root(tmp_path):
    write_toy_root(tmp_path)
    return tmp_path


def reports(root):
    return {run.run_id for run in History(root).runs()
            if (root / "history" / run.run_id / REPORT_FILE).exists()}  # fmt: skip


def test_missing_reports_are_written_and_stored_ones_are_kept(root):
    stored = root / "history" / SECOND / REPORT_FILE
    stored.write_text("stored")
    shutil.rmtree(root / "artifacts" / "Predictions" / "predictions" / FIRST)
    lines = list(write_all(root))
    # Neither the one whose predictions are gone nor the one that is running.
    assert reports(root) == {run.run_id for run in History(root).runs()} - {
        FIRST, "20261108-030000",
    }  # fmt: skip
    assert stored.read_text() == "stored"
    assert sum(line.startswith("Report:   ") for line in lines) == 5
    assert "Reports that had been written before: 1" in lines
    (lacking,) = (line for line in lines if line.startswith("Runs without a report"))
    assert lacking.startswith("Runs without a report: 1, because their files were removed")
    assert FIRST in lacking
    assert lines[-1] == f"Index:    {root / 'index.html'}"
    page = (root / "index.html").read_text(encoding="utf-8")
    assert f'href="history/{SECOND}/report.html"' in page
    assert f'href="history/{FIRST}/report.html"' not in page


def test_a_second_time_there_is_nothing_to_write(root):
    list(write_all(root))
    lines = list(write_all(root))
    assert lines[0] == "Reports that had been written before: 7"
    assert len(lines) == 2


def test_a_root_without_runs_gets_an_index(tmp_path):
    lines = list(write_all(tmp_path))
    assert lines[0] == "Reports that had been written before: 0"
    assert (tmp_path / "index.html").exists()


def test_a_root_that_does_not_exist_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"--root: .*/nothing does not exist"):
        list(write_all(tmp_path / "nothing"))
