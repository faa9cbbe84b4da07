import json

import pytest

from components.alert.message import create_alert

PASSED = "PASSED: accuracy 0.938 on 65 test images"


@pytest.fixture
def artifacts(tmp_path):
    """Returns a function that writes what a step of the job `flowers-1` put out."""

    def write(step, key, **properties):
        folder = tmp_path / "123" / "flowers-1" / f"{step}_456"
        folder.mkdir(parents=True)
        output = {"artifacts": {key: {"artifacts": [{"uri": "x", "metadata": properties}]}}}
        (folder / "executor_output.json").write_text(json.dumps(output))

    write.folder = str(tmp_path)
    return write


def message(artifacts, state="SUCCEEDED", error=None):
    status = {"state": state, "pipelineJobResourceName": "projects/1/x/pipelineJobs/flowers-1"}
    if error:
        status["error"] = {"message": error}
    return create_alert("flowers", json.dumps(status), artifacts.folder)


def test_a_pushed_model_comes_with_verdict_and_version(artifacts):
    artifacts("Gate", "blessing", blessed=1.0, verdict=PASSED)
    artifacts("ServingCheck", "blessing", blessed=1.0, verdict="FIT TO SERVE")
    artifacts("Pusher", "pushed_model", pushed=1.0, pushed_version="3")
    found = message(artifacts)
    assert found["text"] == f"flowers: pushed, version 3 (flowers-1)\n{PASSED}"
    assert (found["outcome"], found["version"], found["verdict"]) == ("pushed", "3", PASSED)


def test_a_refused_model_comes_with_all_reasons(artifacts):
    artifacts("Gate", "blessing", blessed=1.0, verdict=PASSED)
    artifacts("ServingCheck", "blessing", blessed=0.0, verdict="NOT FIT TO SERVE")
    artifacts("Pusher", "pushed_model", pushed=0.0)
    found = message(artifacts)
    assert (found["outcome"], found["version"]) == ("refused", "")
    assert found["verdict"] == f"{PASSED}\nNOT FIT TO SERVE"


def test_a_job_that_the_cache_answered_is_unchanged(artifacts):
    assert message(artifacts)["outcome"] == "unchanged"


def test_a_failure_comes_with_its_cause(artifacts):
    found = message(artifacts, "FAILED", "Trainer: out of memory")
    assert found["outcome"] == "failed"
    assert found["text"].endswith("Trainer: out of memory")
    assert message(artifacts, "CANCELLED")["outcome"] == "cancelled"
