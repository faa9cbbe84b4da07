import json

import pytest

from pipeline.settings.loading import load_settings
from pipeline.vertex import exit_handler
from pipeline.vertex.exit_handler import conclude, parse_status
from pipeline.vertex.job_facts import facts_of
from tests.pipeline.vertex.toy_job import NAME

STATUS = {"name": NAME, "state": "SUCCEEDED", "error": ""}


@pytest.fixture
def facts():
    return facts_of(load_settings("vertex-sample"), ["*.tfrec"])


def test_a_report_that_cannot_be_made_does_not_stop_the_alert(cloud, facts, hook, tmp_path):
    conclude(STATUS, str(tmp_path), facts, hook.url, "")
    (alert,) = hook.got
    assert (alert["outcome"], alert["report"]) == ("unchanged", "")
    text = "The report could not be made: ServiceError: reading the job: "
    assert text in alert["text"]
    assert "was not found" in alert["text"]


def test_an_alert_that_cannot_be_sent_fails_the_handler(cloud, facts, hook, tmp_path):
    hook.answers = [404]
    with pytest.raises(OSError, match="rejected the alert"):
        conclude(STATUS, str(tmp_path), facts, hook.url, "")


def test_without_alerts_a_report_that_cannot_be_made_fails_nothing(cloud, facts, tmp_path):
    conclude(STATUS, str(tmp_path), facts, "", "")


def test_the_status_is_that_which_vertex_ai_passes():
    values = {"state": "FAILED", "pipelineJobResourceName": NAME, "error": {"message": "m"}}
    assert parse_status(json.dumps(values)) == {"name": NAME, "state": "FAILED", "error": "m"}
    del values["error"]
    assert parse_status(json.dumps(values))["error"] == ""


def test_the_task_is_the_one_that_the_status_command_looks_for():
    from pipeline.vertex.report_location import EXIT_HANDLER

    assert exit_handler.Report.__name__ == EXIT_HANDLER
