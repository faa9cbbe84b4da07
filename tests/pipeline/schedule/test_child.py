"""Scheduled runs in child processes that end before TensorFlow is imported."""

import os
import signal
import subprocess
import sys

import pytest

from data.synthetic import write_sample
from pipeline.schedule.child import run_child


@pytest.fixture
def options(tmp_path):
    write_sample(tmp_path / "span-1", count=5, shards=1, pixels=32)
    data = str(tmp_path / "span-{SPAN}" / "*")
    return ["--data", data, "--root", str(tmp_path / "root"), "--settle", "60"]


def test_the_outcome_is_read_from_the_history(tmp_path, options):
    outcome = run_child(options, tmp_path / "root")
    assert outcome.state == "skipped"
    assert "is still being written" in outcome.text


def test_a_folder_with_the_name_of_a_package_is_not_imported(tmp_path, options, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").write_text("raise ImportError('another project')")
    monkeypatch.chdir(tmp_path)
    assert run_child(options, tmp_path / "root").state == "skipped"


def test_a_skipped_run_without_an_entry_is_reported_as_skipped(tmp_path, options):
    outcome = run_child([*options, "--no-note"], tmp_path / "root")
    assert (outcome.state, outcome.text) == ("skipped", "nothing to do")


def test_a_process_that_fails_without_an_entry_is_a_failure(tmp_path, options):
    outcome = run_child([*options, "--config", "none.yaml"], tmp_path / "root")
    assert (outcome.state, outcome.transient) == ("failed", False)
    assert outcome.text == "the process of the run exited with code 2"


def test_a_signal_ends_the_service_and_releases_the_lock(tmp_path, options):
    command = [
        sys.executable,
        "-c",
        "from pipeline.cli.main import main; main()",
        "schedule",
        "run",
    ]
    command += ["--cron", "0 3 1 1 *", *options]
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert "next run: " in process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 143
