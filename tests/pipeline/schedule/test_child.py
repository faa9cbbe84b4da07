"""Turns in processes of their own, none of which comes as far as TensorFlow."""

import os
import signal
import subprocess
import sys

import pytest

from data.synthetic import write_sample
from pipeline.schedule.child import ChildRun


@pytest.fixture
def options(tmp_path):
    write_sample(tmp_path / "span-1", count=5, shards=1, pixels=32)
    data = str(tmp_path / "span-{SPAN}" / "*")
    return ["--data", data, "--root", str(tmp_path / "root"), "--settle", "60"]


def test_what_a_turn_left_in_the_history_is_its_outcome(tmp_path, options):
    outcome = ChildRun(options, tmp_path / "root").take()
    assert outcome.state == "skipped"
    assert "is still being written" in outcome.words


def test_a_turn_that_need_not_be_noted_is_skipped_all_the_same(tmp_path, options):
    outcome = ChildRun([*options, "--no-note"], tmp_path / "root").take()
    assert (outcome.state, outcome.words) == ("skipped", "nothing to do")


def test_a_turn_that_could_not_even_say_why_it_failed_is_a_failure(tmp_path, options):
    outcome = ChildRun([*options, "--config", "none.yaml"], tmp_path / "root").take()
    assert (outcome.state, outcome.may_pass) == ("failed", False)
    assert outcome.words == "the turn's process ended with 2"


def test_a_signal_ends_the_service_soon_and_a_second_one_may_begin(tmp_path, options):
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
        assert "next turn: " in process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 143
