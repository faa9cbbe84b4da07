import json

import pytest

from components.alert.message import create_alert

PASSED = "PASSED: accuracy 0.938 on 65 test images"


@pytest.fixture
def artifacts(tmp_path):
    """Returns a function that writes the output of a step of the job `flowers-1`."""

    def write(step, key, **properties):
        folder = tmp_path / "123" / "flowers-1" / f"{step}_456"
        folder.mkdir(parents=True)
        output = {"artifacts": {key: {"artifacts": [{"uri": "x", "metadata": properties}]}}}
        (folder / "executor_output.json").write_text(json.dumps(output))

    write.folder = str(tmp_path)
    return write


REPORT = "https://storage.cloud.google.com/b/history/flowers-1/report.html"


def alert_of(artifacts, state="SUCCEEDED", error="", report=REPORT, problem=""):
    status = {"name": "projects/1/x/pipelineJobs/flowers-1", "state": state, "error": error}
    return create_alert("flowers", status, artifacts.folder, report, problem)


def test_an_alert_of_a_pushed_model_has_verdict_and_version(artifacts):
    artifacts("Gate", "blessing", blessed=1.0, verdict=PASSED)
    artifacts("ServingCheck", "blessing", blessed=1.0, verdict="FIT TO SERVE")
    artifacts("Pusher", "pushed_model", pushed=1.0, pushed_version="3")
    alert = alert_of(artifacts)
    title = "flowers: pushed, version 3 (flowers-1)"
    assert alert["text"] == f"{title}\n{PASSED}\nReport: {REPORT}"
    assert alert["report"] == REPORT
    assert (alert["outcome"], alert["version"], alert["verdict"]) == ("pushed", "3", PASSED)


def test_an_alert_of_a_refused_model_has_all_reasons(artifacts):
    artifacts("Gate", "blessing", blessed=1.0, verdict=PASSED)
    artifacts("ServingCheck", "blessing", blessed=0.0, verdict="NOT FIT TO SERVE")
    artifacts("Pusher", "pushed_model", pushed=0.0)
    alert = alert_of(artifacts)
    assert (alert["outcome"], alert["version"]) == ("refused", "")
    assert alert["verdict"] == f"{PASSED}\nNOT FIT TO SERVE"


def test_a_job_without_new_outputs_is_unchanged(artifacts):
    assert alert_of(artifacts)["outcome"] == "unchanged"


def test_an_alert_of_a_failed_job_has_the_error(artifacts):
    alert = alert_of(artifacts, "FAILED", "Trainer: out of memory")
    assert alert["outcome"] == "failed"
    assert "\nTrainer: out of memory\n" in alert["text"]
    assert alert_of(artifacts, "CANCELLED")["outcome"] == "cancelled"


def test_an_alert_without_a_report_says_why_there_is_none(artifacts):
    alert = alert_of(artifacts, report="", problem="ServiceError: reading the job: no role")
    assert alert["report"] == ""
    lines = alert["text"].splitlines()
    assert lines[-1] == "The report could not be made: ServiceError: reading the job: no role"
