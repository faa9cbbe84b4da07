"""The commands of `flowers vertex` that call Google's services, against a local cloud."""

import io
import sys

import grpc
import pytest
from google.cloud.aiplatform_v1.types import PipelineState

CONFIG = ("--config", "vertex-sample")
CRON = "TZ=Europe/Paris 0 3 * * 1"


@pytest.fixture
def vertex(flowers, cloud):
    return lambda *args: flowers("vertex", *args, *CONFIG)


def test_submitting_twice_creates_one_job_which_can_be_watched_and_cancelled(vertex, cloud):
    first = vertex("submit", "--yes")
    assert first.code == 0, first.err
    (name,) = cloud.jobs
    job_id = name.rpartition("/")[2]
    assert f"Submitted: {job_id}" in first.out
    assert f"pipelines/runs/{job_id}?project=your-project" in first.out
    assert "13 steps, one by one         e2-standard-4" in first.out
    assert "list price" in first.out.lower()
    second = vertex("submit", "--yes")
    assert "nothing was submitted" in second.out
    assert len(cloud.jobs) == 1
    assert vertex("status").out.startswith(f"{job_id}: running")
    assert vertex("status", "--json").json()["job_id"] == job_id
    assert f"{job_id} is being cancelled" in vertex("cancel").out
    assert "cancelling" in vertex("jobs").out
    cloud.jobs[name].state = PipelineState.PIPELINE_STATE_CANCELLED
    assert vertex("cancel").code == 2
    assert vertex("status").code == 1


def test_an_unknown_region_is_a_warning_of_the_check_and_of_a_submission(vertex, cloud):
    other = ("--set", "vertex.region=us-north1")
    checked = vertex("check", *other)
    assert checked.code == 0
    warning = "warning: vertex.region: us-north1 is not among those of"
    assert checked.out.startswith(warning)
    assert "no problems found" in checked.out
    assert warning in vertex("submit", "--yes", *other).err


def test_without_yes_submit_asks_and_no_submits_nothing(vertex, cloud, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert vertex("submit").code == 1
    assert cloud.jobs == {}


def test_creating_a_schedule_twice_keeps_one(vertex, cloud):
    for _ in range(2):
        answer = vertex("schedule", "create", "--cron", CRON, "--end", "2027-01-01")
        assert answer.code == 0, answer.err
    (schedule,) = cloud.schedules.values()
    assert schedule.end_time.isoformat() == "2027-01-01T00:00:00+00:00"
    assert f"flowers is active: {CRON}" in answer.out
    other = vertex("schedule", "create", "--cron", "0 4 * * 1")
    assert f"It replaces {schedule.name}" in other.out
    (entry,) = vertex("schedule", "list", "--json").json()
    assert (entry["name"], entry["cron"], entry["state"]) == ("flowers", "0 4 * * 1", "active")
    assert vertex("schedule", "pause").code == 0
    assert "paused" in vertex("schedule", "list").out
    assert vertex("schedule", "resume").code == 0
    assert "is deleted" in vertex("schedule", "delete").out
    assert vertex("schedule", "delete").code == 2


def test_a_job_that_cannot_be_written_is_not_compiled(vertex, tmp_path):
    answer = vertex("compile", "--out", tmp_path / "nowhere" / "job.json")
    assert answer.code == 2
    assert "nowhere is not a writable folder" in answer.err
    assert "compiling" not in answer.out


def test_a_service_error_is_one_line_and_exit_code_1(vertex, cloud):
    cloud.faults["CreatePipelineJob"] = [grpc.StatusCode.PERMISSION_DENIED]
    answer = vertex("submit", "--yes")
    assert answer.code == 1
    assert answer.err.startswith("Error: submitting the job: ")
    assert "The account lacks a role" in answer.err
    assert vertex("rollback").code == 2
