import os
import shutil
import subprocess
import sys
import webbrowser

import pytest
from typer.testing import CliRunner

from data.common.errors import UsageError
from pipeline.cli.main import app
from tests.pipeline.report_page.toy_run import write_toy_run


def report(*args: str):
    return CliRunner().invoke(app, ["report", *args], catch_exceptions=False)


@pytest.fixture
def run(tmp_path):
    return write_toy_run(tmp_path, pixels=16)


def test_the_report_of_the_newest_run_is_made_and_its_path_printed(tmp_path, run):
    done = report("--root", str(tmp_path))
    file = tmp_path / "history" / run.run_id / "report.html"
    assert done.stdout == f"{file}\n"
    assert file.exists()


def test_a_report_whose_pictures_are_gone_is_kept_and_that_is_said(tmp_path, run):
    report("--root", str(tmp_path))
    file = tmp_path / "history" / run.run_id / "report.html"
    before = file.read_bytes()
    shutil.rmtree(run.artifacts["ExampleGen"]["examples"])
    done = report(run.run_id, "--root", str(tmp_path))
    assert "`flowers clean` removed" in done.stderr
    assert done.stdout == f"{file}\n"
    assert file.read_bytes() == before


def test_tensorflow_is_imported_for_pictures_only_and_tfx_never(tmp_path, run):
    write_toy_run(tmp_path, run_id="older", pixels=16, fields={"artifacts": {}})
    code = (
        "import sys\nfrom pipeline.cli.main import app\n"
        "def report(run):\n"
        "    app(['report', run, '--root', sys.argv[1]], standalone_mode=False)\n"
        "report('older')\nassert 'tensorflow' not in sys.modules\n"
        f"report('{run.run_id}')\nassert 'tfx' not in sys.modules\n"
    )
    # The tests hide less of TensorFlow's output than the command does.
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_it_opens_in_a_browser_or_says_that_there_is_none(tmp_path, run, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    done = report("--open", "--root", str(tmp_path))
    assert opened == [(tmp_path / "history" / run.run_id / "report.html").as_uri()]
    assert "no browser" in done.stderr


def test_an_unknown_run_is_an_error_that_lists_the_runs(tmp_path, run):
    with pytest.raises(UsageError, match=r"has no run 1 in its history; there are: 20261127"):
        report("1", "--root", str(tmp_path))


def test_all_reports_and_the_page_of_all_runs_are_made_and_opened(tmp_path, run, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    lines = report("--all", "--open", "--root", str(tmp_path)).stdout.splitlines()
    assert lines[0] == f"Report:   {tmp_path / 'history' / run.run_id / 'report.html'}"
    assert lines[-1] == f"Index:    {tmp_path / 'index.html'}"
    assert opened == [(tmp_path / "index.html").as_uri()]


def test_all_reports_and_a_single_run_exclude_each_other(tmp_path, run):
    with pytest.raises(UsageError, match=f"--all is for all runs, and {run.run_id} names one"):
        report(run.run_id, "--all", "--root", str(tmp_path))
