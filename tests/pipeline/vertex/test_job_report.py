"""Reports of jobs in a bucket: `ram://` is a remote file system, as gs:// is one."""

import json
import tempfile

import pytest

from components.artifacts import gfile
from components.history_files import refuse_data
from data.common.errors import DataRefused, ServiceError
from pipeline.settings.loading import load_settings
from pipeline.vertex.compile import compile_job
from pipeline.vertex.job_report import write_job_report
from tests.pipeline.vertex.toy_job import NAME, State, ToyJob


@pytest.fixture(scope="module")
def compiled():
    settings = load_settings("vertex-sample", ["data.source=gs://b/span-{SPAN}/*", "gate.target=1"])
    job = compile_job(settings)
    # A runtime parameter of the submitted job.
    job["runtimeConfig"]["parameterValues"]["target"] = 0.6
    return job


@pytest.fixture
def toy_job(cloud, compiled, tmp_path, request):
    return ToyJob(cloud, compiled, f"ram://{request.node.name}/flowers", tmp_path)


def test_the_report_of_a_pushed_model_is_that_of_a_local_run(toy_job):
    toy_job.finish_all()
    page, run = toy_job.report()
    assert (run["run_id"], run["state"], run["pushed"]) == ("flowers-1", "pushed", 3)
    assert run["verdict"]["value"] == toy_job.run.verdict.value
    assert run["baseline"] == 1
    assert run["settings"]["gate"]["target"] == 0.6
    assert run["started"] == "2026-11-24T03:00:00+00:00"
    assert run["seconds"] == 11 * 60 + 30
    assert run["records_location"] == "gs://b/span-{SPAN}/*"
    assert run["artifacts"]["Gate"]["blessing"] == toy_job.uri("Gate", "blessing")
    assert "Pushed as version 3" in page
    # Pictures of the test images, from the record files in the bucket.
    assert page.count("data:image/webp") > 10
    assert "picture not found" not in page
    assert "Augmented training images" in page
    served = "ram://test_the_report_of_a_pushed_model_is_that_of_a_local_run/flowers/serving/3"
    assert f"gcloud storage cp --recursive {served} DIR/serving/" in page
    # Nothing leads to the folder in which the page was made.
    history = served.replace("serving/3", "history/flowers-1")
    assert f"{history}/label_suspects.csv" in page
    assert "--corrections label_suspects.csv" in page
    assert tempfile.gettempdir() not in page
    assert "suggested" in toy_job.read("label_suspects.csv").splitlines()[0]
    assert json.loads(toy_job.read("verdict.json")) == run["verdict"]
    assert toy_job.read("classes.csv").startswith("class,examples,")


def test_the_span_and_the_fingerprint_are_those_that_the_driver_found(toy_job):
    properties = {"examples": {"input_fingerprint": "num_files:2", "custom:span": 12.0}}
    toy_job.finish("ExampleGen", State.SUCCEEDED, **properties, quarantine={})
    toy_job.finish("Schema", State.FAILED, error="no disk")
    _, run = toy_job.report("FAILED")
    assert (run["newest_span"], run["spans"]) == (12, ["12"])
    assert run["records_fingerprint"] == "num_files:2"
    assert run["examples"] == {"train": 3, "eval": 0, "test": 2, "quarantined": 0}


def test_the_report_of_an_unchanged_job_says_so(toy_job):
    toy_job.finish_all(State.SKIPPED)
    page, run = toy_job.report()
    assert {step["state"] for step in run["steps"]} == {"cached"}
    assert "Unchanged: this model was judged before (version 3)" in page


def test_the_report_of_refused_data_has_the_reasons(toy_job):
    toy_job.finish_all(until="DataGate")
    toy_job.finish("DataGate", State.FAILED, error="The replica exited with status 1")
    with pytest.raises(DataRefused):
        refuse_data(["a new class: <tulip>"], "DataGate", f"{toy_job.root}/history/flowers-1")
    page, run = toy_job.report("FAILED", "DataGate failed")
    assert (run["state"], run["error"]) == ("data refused", "a new class: <tulip>")
    assert "Data refused" in page
    assert "a new class: &lt;tulip&gt;" in page
    assert [step["state"] for step in run["steps"]][-2:] == ["skipped", "skipped"]


def test_the_report_of_a_failed_job_names_the_step_and_the_error(toy_job):
    toy_job.finish_all(until="Trainer")
    toy_job.finish("Trainer", State.FAILED, error="out of memory")
    toy_job.finish("Evaluator", State.NOT_TRIGGERED)
    page, run = toy_job.report("FAILED", "Trainer failed")
    assert (run["state"], run["error"], run["error_kind"]) == ("failed", "out of memory", "step")
    assert "Failed in Trainer" in page
    assert "out of memory" in page
    assert "flowers vertex logs flowers-1 --step Trainer --config FILE" in page


def test_a_job_that_failed_without_a_failed_step_has_the_error_of_the_job(toy_job):
    assert toy_job.report("FAILED", "quota exceeded")[1]["error"] == "quota exceeded"


def test_the_report_of_a_cancelled_job_says_so(toy_job):
    toy_job.finish_all(until="Trainer")
    toy_job.finish("Trainer", State.CANCELLED)
    page, run = toy_job.report("CANCELLED")
    assert (run["state"], run["error"]) == ("interrupted", "the job was cancelled")
    assert "Interrupted in Trainer" in page


def test_outputs_that_were_deleted_cost_only_their_part_of_the_report(toy_job):
    toy_job.finish_all()
    gfile().remove(f"{toy_job.uri('Predictions', 'predictions')}/predictions.parquet")
    page, run = toy_job.report()
    (step,) = (step for step in run["steps"] if step["name"] == "Predictions")
    assert step["found"].startswith("its outputs cannot be read: FileNotFoundError: ram://")
    assert run["state"] == "pushed"
    assert "Pushed as version 3" in page


def test_a_job_that_the_service_does_not_return_has_no_report(toy_job, cloud):
    cloud.jobs.clear()
    with pytest.raises(ServiceError, match="reading the job"):
        write_job_report(
            {"name": NAME, "state": "SUCCEEDED", "error": ""}, toy_job.facts, toy_job.root
        )
