"""Jobs whose containers are a few lines of Python: without TFX, and fast."""

import json
from typing import Any

import pytest

from data.common.errors import UsageError
from pipeline.vertex.rehearsal.job import read_job
from pipeline.vertex.rehearsal.job_run import JobRun
from pipeline.vertex.rehearsal.store import Store

# Writes its inputs to its output artifact and sets the artifact's metadata.
WRITE = """
import json, pathlib, sys
executor_input = json.loads(sys.argv[1])
(artifact,) = executor_input["outputs"]["artifacts"]["result"]["artifacts"]
pathlib.Path(artifact["uri"]).write_text(json.dumps(executor_input["inputs"]))
output = {"artifacts": {"result": {"artifacts": [{"metadata": {"blessed": 1.0}}]}}}
pathlib.Path(executor_input["outputs"]["outputFile"]).write_text(json.dumps(output))
"""
# Sets the parameter `span` to the content of a file.
SET_SPAN = """
import json, pathlib, sys
executor_input = json.loads(sys.argv[1])
output = {"parameterValues": {"span": int(pathlib.Path(sys.argv[2]).read_text())}}
pathlib.Path(executor_input["outputs"]["outputFile"]).write_text(json.dumps(output))
"""
FAIL = "raise SystemExit(3)"
MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}


class RecordingObserver:
    """An observer that records states and outputs."""

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


def container(code: str, *args: str, **fields: Any) -> dict[str, Any]:
    return {"container": {"command": ["python", "-c", code], "args": ["{{$}}", *args], **fields}}


class Pipeline:
    """Builds and runs a job."""

    def __init__(self) -> None:
        self.tasks: dict[str, Any] = {}
        self.components: dict[str, Any] = {}
        self.executors: dict[str, Any] = {}
        self.root: dict[str, Any] = {"dag": {"tasks": self.tasks}}

    def add(self, name, executor, after=(), parameters=None, **spec):
        inputs = {up: {"taskOutputArtifact": {"producerTask": up, "outputArtifactKey": "result"}}
                  for up in after}  # fmt: skip
        self.tasks[name] = {
            "componentRef": {"name": name},
            "cachingOptions": {"enableCache": True},
            "inputs": {"artifacts": inputs, "parameters": parameters or {}},
            **spec,
        }
        self.components[name] = {
            "executorLabel": f"{name}_executor",
            "outputDefinitions": {"artifacts": {"result": {"artifactType": MODEL}}},
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
        observer = RecordingObserver()
        job = read_job(file, tmp_path / "root", parameters)
        (tmp_path / "root").mkdir(exist_ok=True)
        store = Store(tmp_path / "root")
        number = len(list(tmp_path.glob("root/artifacts/1/*")))
        observer.states["job"] = JobRun(job, f"p-{number}", store, observer).run()
        return observer


@pytest.fixture
def pipeline():
    return Pipeline()


def read(artifact):
    with open(artifact["uri"], encoding="utf-8") as file:
        return json.load(file)


def test_a_task_reads_the_outputs_of_upstream_tasks(pipeline, tmp_path):
    pipeline.add("b", container(WRITE), after=["a"])
    pipeline.add("a", container(WRITE), parameters={"n": {"runtimeValue": {"constant": 7}}})
    observer = pipeline.run(tmp_path)
    assert observer.states == {"a": "done", "b": "done", "job": "SUCCEEDED"}
    assert read(observer.outputs["a"]["result"])["parameterValues"] == {"n": 7}
    (artifact,) = read(observer.outputs["b"]["result"])["artifacts"]["a"]["artifacts"]
    assert artifact == observer.outputs["a"]["result"]
    assert artifact["metadata"] == {"blessed": 1.0}
    assert artifact["type"] == MODEL
    assert artifact["uri"].startswith(f"{tmp_path}/root/artifacts/1/p-0/a_1/")


def test_unchanged_tasks_come_from_the_cache(pipeline, tmp_path):
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
    assert read(third.outputs["b"]["result"])["parameterValues"] == {"n": 0.9}


def test_a_driver_sets_parameters_before_the_cache_lookup(pipeline, tmp_path):
    span = tmp_path / "span"
    driver = {"command": ["python", "-c", SET_SPAN], "args": ["{{$}}", str(span)]}
    pipeline.add("a", container(WRITE, lifecycle={"preCacheCheck": driver}))
    span.write_text("1")
    assert pipeline.run(tmp_path).states["a"] == "done"
    assert pipeline.run(tmp_path).states["a"] == "cached"
    span.write_text("2")
    assert pipeline.run(tmp_path).states["a"] == "done"


def test_tasks_downstream_of_a_failed_one_are_skipped_and_the_others_run(pipeline, tmp_path):
    pipeline.add("a", container(FAIL))
    pipeline.add("b", container(WRITE), after=["a"])
    pipeline.add("c", container(WRITE), dependentTasks=["b"])
    pipeline.add("d", container(WRITE))
    expected = {"a": "failed", "b": "skipped", "c": "skipped", "d": "done", "job": "FAILED"}
    assert pipeline.run(tmp_path).states == expected
    # A failure is not cached.
    assert pipeline.run(tmp_path).states == {**expected, "d": "cached"}


@pytest.mark.parametrize(("code", "state"), [(WRITE, "SUCCEEDED"), (FAIL, "FAILED")])
def test_the_exit_handler_always_runs_and_receives_the_final_status(
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
    observer = pipeline.run(tmp_path)
    assert observer.states["job"] == state
    assert observer.states["handler"] == "done"
    status = json.loads(read(observer.outputs["handler"]["result"])["parameterValues"]["status"])
    assert status["state"] == state
    assert status["pipelineJobResourceName"].endswith("/pipelineJobs/p-0")
    assert ("error" in status) == (state == "FAILED")


def test_a_parameter_that_the_dag_of_a_task_does_not_get_is_refused(pipeline, tmp_path):
    """Vertex AI refuses such a job: a task reads the inputs of its own DAG."""
    pipeline.root["inputDefinitions"] = {
        "parameters": {"target": {"parameterType": "NUMBER_DOUBLE"}}
    }
    pipeline.add("a", container(WRITE), parameters={"n": {"componentInputParameter": "target"}})
    dag = {"dag": {"tasks": dict(pipeline.tasks)}}
    pipeline.components["tfx-dag"] = dag
    pipeline.tasks.clear()
    pipeline.tasks["tfx-dag"] = {"componentRef": {"name": "tfx-dag"}}
    with pytest.raises(UsageError, match="the task a reads the parameter 'target', which tfx-dag"):
        pipeline.run(tmp_path)
    dag["inputDefinitions"] = pipeline.root["inputDefinitions"]
    passed = {"parameters": {"target": {"componentInputParameter": "target"}}}
    pipeline.tasks["tfx-dag"]["inputs"] = passed
    assert pipeline.run(tmp_path).states["a"] == "done"


@pytest.mark.parametrize("kind", ["importer", "resolver"])
def test_a_task_without_a_container_is_refused(pipeline, tmp_path, kind):
    pipeline.add("a", {kind: {}})
    with pytest.raises(UsageError, match=f"the task a is of the kind {kind}, which a rehearsal"):
        pipeline.run(tmp_path)


@pytest.mark.parametrize("pair", ["goal=1", "target", "target=high"])
def test_an_invalid_parameter_is_refused(pipeline, tmp_path, pair):
    pipeline.root["inputDefinitions"] = {
        "parameters": {"target": {"parameterType": "NUMBER_DOUBLE"}}
    }
    pipeline.add("a", container(WRITE))
    with pytest.raises(UsageError, match="--parameter"):
        pipeline.run(tmp_path, pair)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"runtimeConfig": {"gcsOutputDirectory": "x"}}'])
def test_a_file_that_is_not_a_compiled_job_is_refused(tmp_path, text):
    file = tmp_path / "job.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="is not a compiled job"):
        read_job(file, tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_job(tmp_path / "none.json", tmp_path)


def test_a_job_that_needs_the_cloud_is_refused_with_the_setting_that_avoids_it(pipeline, tmp_path):
    pipeline.add("a", container(WRITE, "--runner=DataflowRunner"))
    with pytest.raises(UsageError, match=r"--set beam\.runner=in_memory"):
        pipeline.run(tmp_path)
