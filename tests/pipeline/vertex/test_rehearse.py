"""Rehearsals of a job whose only step is a few lines of Python."""

import importlib.util
import json

import pytest

from data.common.errors import UsageError
from pipeline.history.runs import History
from pipeline.vertex.rehearse import rehearse

REFUSE = """
import json, sys
from components.history_files import history_folder, refuse_data
(output,) = json.loads(sys.argv[1])["outputs"]["artifacts"]["examples"]["artifacts"]
refuse_data(["no images", "no classes"], "ExampleGen", history_folder(output["uri"], None))
"""
FAIL = "raise ValueError('too large')"
# The text of a refusal in a traceback must not matter.
LOOK_LIKE_A_REFUSAL = "from data.common.errors import DataRefused; raise DataRefused('too small')"


@pytest.fixture
def rehearse_step(tmp_path):
    """Returns a function that rehearses code as a step; returns exit code and run."""

    def rehearse_code(code):
        container = {"command": ["python", "-c", code], "args": ["{{$}}"]}
        spec = {
            "pipelineInfo": {"name": "flowers"},
            "root": {"dag": {"tasks": {"ExampleGen": {"componentRef": {"name": "ExampleGen"}}}}},
            "components": {
                "ExampleGen": {
                    "executorLabel": "ExampleGen_executor",
                    "outputDefinitions": {"artifacts": {"examples": {"artifactType": {}}}},
                }
            },
            "deploymentSpec": {"executors": {"ExampleGen_executor": {"container": container}}},
        }
        runtime = {"gcsOutputDirectory": "gs://bucket/flowers/artifacts"}
        file = tmp_path / "job.json"
        file.write_text(json.dumps({"pipelineSpec": spec, "runtimeConfig": runtime}))
        exit_code = rehearse(file, tmp_path / "root")
        (run,) = History(tmp_path / "root").runs()
        return exit_code, run

    return rehearse_code


def test_a_refusal_that_a_step_wrote_refuses_the_data(rehearse_step):
    code, run = rehearse_step(REFUSE)
    assert code == 4
    assert (run.state, run.error) == ("data refused", "no images\nno classes")
    assert run.error_kind is None
    assert [step.state for step in run.steps] == ["failed"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (FAIL, "StepFailed: ValueError: too large"),
        (LOOK_LIKE_A_REFUSAL, "StepFailed: data.common.errors.DataRefused: too small"),
        ("raise SystemExit(3)", "StepFailed: python -c"),
    ],
)
def test_any_other_error_fails_the_step(rehearse_step, code, error):
    exit_code, run = rehearse_step(code)
    assert exit_code == 1
    assert (run.state, run.error_kind) == ("failed", "step")
    assert run.error.startswith(error)


def test_without_the_extra_a_rehearsal_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="uv sync --extra rehearse"):
        rehearse(tmp_path / "job.json", tmp_path / "root")
