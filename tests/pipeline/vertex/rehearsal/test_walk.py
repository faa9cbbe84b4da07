"""The walk over jobs whose containers are a few lines of shell or Python: no TFX, and fast."""

import json
from typing import Any

import pytest

from data.common.errors import UsageError
from pipeline.vertex.rehearsal.job import read_job
from pipeline.vertex.rehearsal.store import Store
from pipeline.vertex.rehearsal.walk import Walk

# Writes what it was given into its output artifact, whose metadata it sets.
WRITE = """
import json, pathlib, sys
given = json.loads(sys.argv[1])
(made,) = given["outputs"]["artifacts"]["made"]["artifacts"]
pathlib.Path(made["uri"]).write_text(json.dumps(given["inputs"]))
said = {"artifacts": {"made": {"artifacts": [{"metadata": {"blessed": 1.0}}]}}}
pathlib.Path(given["outputs"]["outputFile"]).write_text(json.dumps(said))
"""
SAY = """
import json, pathlib, sys
given = json.loads(sys.argv[1])
said = {"parameterValues": {"span": int(pathlib.Path(sys.argv[2]).read_text())}}
pathlib.Path(given["outputs"]["outputFile"]).write_text(json.dumps(said))
"""
FAIL = "raise SystemExit(3)"
MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}


class Seen:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.outputs: dict[str, Any] = {}

    def task_started(self, name):
        self.states[name] = "running"

    def task_finished(self, name, seconds, cached, outputs):
        self.states[name] = "cached" if cached else "done"
        self.outputs[name] = outputs

    def task_failed(self, name, seconds, error):
        self.states[name] = "failed"

    def task_skipped(self, name):
        self.states[name] = "skipped"


def container(code: str, *args: str, **more: Any) -> dict[str, Any]:
    return {"container": {"command": ["python", "-c", code], "args": ["{{$}}", *args], **more}}


class Pipeline:
    """A job in the making."""

    def __init__(self) -> None:
        self.tasks: dict[str, Any] = {}
        self.components: dict[str, Any] = {}
        self.executors: dict[str, Any] = {}
        self.root: dict[str, Any] = {"dag": {"tasks": self.tasks}}

    def add(self, name, executor, after=(), parameters=None, **spec):
        inputs = {up: {"taskOutputArtifact": {"producerTask": up, "outputArtifactKey": "made"}}
                  for up in after}  # fmt: skip
        self.tasks[name] = {
            "componentRef": {"name": name},
            "cachingOptions": {"enableCache": True},
            "inputs": {"artifacts": inputs, "parameters": parameters or {}},
            **spec,
        }
        made = {"made": {"artifactType": MODEL}}
        self.components[name] = {
            "executorLabel": f"{name}_executor",
            "outputDefinitions": {"artifacts": made},
        }
        self.executors[f"{name}_executor"] = executor

    def run(self, tmp_path, *parameters):
        spec = {
            "pipelineInfo": {"name": "p"},
            "root": self.root,
            "components": self.components,
            "deploymentSpec": {"executors": self.executors},
        }
        runtime = {
            "gcsOutputDirectory": "gs://bucket/p/artifacts",
            "parameterValues": {"target": 0.5, "root": "gs://bucket/p/x"},
        }
        file = tmp_path / "job.json"
        file.write_text(json.dumps({"pipelineSpec": spec, "runtimeConfig": runtime}))
        seen = Seen()
        job = read_job(file, tmp_path / "root", parameters)
        (tmp_path / "root").mkdir(exist_ok=True)
        store = Store(tmp_path / "root")
        seen.states["job"] = Walk(job, f"p-{len(list(store.newest_first()))}", store, seen).run()
        return seen


@pytest.fixture
def pipeline():
    return Pipeline()


def read(artifact):
    with open(artifact["uri"]) as file:
        return json.load(file)


def test_a_task_reads_what_those_before_it_made(pipeline, tmp_path):
    pipeline.add("b", container(WRITE), after=["a"])
    pipeline.add("a", container(WRITE), parameters={"n": {"runtimeValue": {"constant": 7}}})
    seen = pipeline.run(tmp_path)
    assert seen.states == {"a": "done", "b": "done", "job": "SUCCEEDED"}
    assert read(seen.outputs["a"]["made"])["parameterValues"] == {"n": 7}
    (given,) = read(seen.outputs["b"]["made"])["artifacts"]["a"]["artifacts"]
    assert given == seen.outputs["a"]["made"]
    assert given["metadata"] == {"blessed": 1.0}
    assert given["type"] == MODEL
    assert given["uri"].startswith(f"{tmp_path}/root/artifacts/1/p-0/a_1/")


def test_what_did_not_change_is_taken_from_the_cache(pipeline, tmp_path):
    target = {"n": {"componentInputParameter": "target"}}
    pipeline.root["inputDefinitions"] = {
        "parameters": {"target": {"parameterType": "NUMBER_DOUBLE"}}
    }
    pipeline.add("a", container(WRITE))
    pipeline.add("b", container(WRITE), after=["a"], parameters=target)
    pipeline.add("c", container(WRITE), after=["a"], cachingOptions={})
    first = pipeline.run(tmp_path)
    second = pipeline.run(tmp_path)
    assert second.states == {"a": "cached", "b": "cached", "c": "done", "job": "SUCCEEDED"}
    assert second.outputs["b"] == first.outputs["b"]
    third = pipeline.run(tmp_path, "target=0.9")
    assert third.states["a"] == "cached"
    assert third.states["b"] == "done"
    assert read(third.outputs["b"]["made"])["parameterValues"] == {"n": 0.9}


def test_a_driver_sets_parameters_before_the_cache_is_asked(pipeline, tmp_path):
    span = tmp_path / "span"
    driver = {"command": ["python", "-c", SAY], "args": ["{{$}}", str(span)]}
    pipeline.add("a", container(WRITE, lifecycle={"preCacheCheck": driver}))
    span.write_text("1")
    assert pipeline.run(tmp_path).states["a"] == "done"
    assert pipeline.run(tmp_path).states["a"] == "cached"
    span.write_text("2")
    assert pipeline.run(tmp_path).states["a"] == "done"


def test_a_failed_task_is_told_what_waits_for_it_skipped_and_the_rest_runs(pipeline, tmp_path):
    pipeline.add("a", container(FAIL))
    pipeline.add("b", container(WRITE), after=["a"])
    pipeline.add("c", container(WRITE), dependentTasks=["b"])
    pipeline.add("d", container(WRITE))
    expected = {"a": "failed", "b": "skipped", "c": "skipped", "d": "done", "job": "FAILED"}
    assert pipeline.run(tmp_path).states == expected
    # A failure is no result: it is tried again.
    assert pipeline.run(tmp_path).states == {**expected, "d": "cached"}


@pytest.mark.parametrize(("code", "state"), [(WRITE, "SUCCEEDED"), (FAIL, "FAILED")])
def test_the_exit_handler_runs_in_any_case_and_is_told_how_it_ended(
    pipeline, tmp_path, code, state
):
    pipeline.add("a", container(code))
    pipeline.components["tfx-dag"] = {"dag": {"tasks": dict(pipeline.tasks)}}
    pipeline.tasks.clear()
    pipeline.tasks["tfx-dag"] = {"componentRef": {"name": "tfx-dag"}}
    pipeline.add(
        "handler",
        container(WRITE),
        parameters={"status": {"taskFinalStatus": {"producerTask": "tfx-dag"}}},
        dependentTasks=["tfx-dag"],
        triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
        cachingOptions={},
    )
    seen = pipeline.run(tmp_path)
    assert seen.states["job"] == state
    assert seen.states["handler"] == "done"
    status = json.loads(read(seen.outputs["handler"]["made"])["parameterValues"]["status"])
    assert status["state"] == state
    assert status["pipelineJobResourceName"].endswith("/pipelineJobs/p-0")
    assert ("error" in status) == (state == "FAILED")


def test_an_importer_takes_what_is_known_and_otherwise_notes_it(pipeline, tmp_path):
    importer = {
        "artifactUri": {"constant": "gs://other/model"}, "typeSchema": MODEL,
        "metadata": {"n": 1.0},
    }  # fmt: skip
    pipeline.add("i", {"importer": importer})
    pipeline.add("again", {"importer": {**importer, "reimport": True}}, dependentTasks=["i"])
    first, second = pipeline.run(tmp_path), pipeline.run(tmp_path)
    made = first.outputs["i"]["made"]
    assert made["uri"] == f"{tmp_path}/root/gs/other/model"
    assert made["metadata"] == {"n": 1.0}
    assert first.outputs["again"]["made"]["name"] != made["name"]
    assert second.outputs["i"]["made"]["uri"] == made["uri"]
    assert second.outputs["i"]["made"]["name"] == first.outputs["again"]["made"]["name"]


def test_a_resolver_finds_the_newest_that_meets_its_query_or_nothing(pipeline, tmp_path):
    queries = {"made": {"filter": 'schema_title="tfx.Model" AND state=LIVE AND '
                                  "metadata.blessed.number_value=1"}}  # fmt: skip
    pipeline.add("find", {"resolver": {"outputArtifactQueries": queries}})
    pipeline.add("use", container(WRITE), after=["find"])
    pipeline.add("make", container(WRITE), dependentTasks=["use"])
    first = pipeline.run(tmp_path)
    assert first.outputs["find"] == {}
    assert read(first.outputs["use"]["made"])["artifacts"] == {}
    second = pipeline.run(tmp_path)
    assert second.outputs["find"]["made"] == first.outputs["make"]["made"]
    assert second.states["use"] == "done"


@pytest.mark.parametrize("pair", ["goal=1", "target", "target=high"])
def test_a_parameter_that_the_job_can_not_take_is_refused(pipeline, tmp_path, pair):
    pipeline.root["inputDefinitions"] = {
        "parameters": {"target": {"parameterType": "NUMBER_DOUBLE"}}
    }
    pipeline.add("a", container(WRITE))
    with pytest.raises(UsageError, match="--parameter"):
        pipeline.run(tmp_path, pair)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"runtimeConfig": {"gcsOutputDirectory": "x"}}'])
def test_what_is_no_job_is_refused(tmp_path, text):
    file = tmp_path / "job.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="no compiled job"):
        read_job(file, tmp_path)
    with pytest.raises(UsageError, match="can't be read"):
        read_job(tmp_path / "none.json", tmp_path)


def test_a_job_that_reaches_for_the_cloud_is_refused_with_the_setting_that_does_without(
    pipeline, tmp_path
):
    pipeline.add("a", container(WRITE, "--runner=DataflowRunner"))
    with pytest.raises(UsageError, match=r"--set beam\.runner=in_memory"):
        pipeline.run(tmp_path)
