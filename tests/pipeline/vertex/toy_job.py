"""A job on the local Vertex AI of `tests/cloud.py`, with the artifacts of a toy run."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.cloud import aiplatform_v1 as v1

from components.artifacts import gfile, write_bytes, write_json
from components.gate.verdict import VERDICT_FILE
from components.trainer.training_report import AUGMENTED_FILE
from pipeline.history.runs import History
from pipeline.steps import STEPS
from pipeline.vertex.job_facts import JobFacts
from pipeline.vertex.job_report import write_job_report
from tests.cloud import Cloud
from tests.pipeline.report_page.toy_run import write_toy_run

START = datetime(2026, 11, 24, 3, tzinfo=UTC)
NAME = "projects/123/locations/us-central1/pipelineJobs/flowers-1"
State = v1.PipelineTaskDetail.State
COUNTS = {"splits": {"train": {"rose": 3}, "eval": {}, "test": {"rose": 2}}}


class ToyJob:
    """A job whose steps may fail; `finish` sets how a step ended, and its outputs."""

    def __init__(self, cloud: Cloud, compiled: dict[str, Any], root: str, tmp_path: Path):
        """Takes a compiled job, and the root; its outputs are made from a run in `tmp_path`."""
        self.root = root
        self.job = v1.PipelineJob.from_json(json.dumps(compiled), ignore_unknown_fields=False)
        self.job.name, self.job.create_time, self.job.start_time = NAME, START, START
        cloud.jobs[NAME] = self.job
        parameters = compiled["pipelineSpec"]["root"]["dag"]["tasks"]["Report"]["inputs"]
        constant = parameters["parameters"]["facts"]["runtimeValue"]["constant"]
        self.facts = JobFacts.model_validate_json(constant)
        self.run = write_toy_run(tmp_path)
        self._history = History(tmp_path).folder(self.run.run_id)
        self.uris = {
            (step, key): self._copy(uri, step, key)
            for step, outputs in self.run.artifacts.items()
            for key, uri in outputs.items()
        }
        blessing, quarantine = self.uri("Gate", "blessing"), self.uri("ExampleGen", "quarantine")
        write_json(asdict(self.run.verdict), blessing, VERDICT_FILE)
        write_bytes((self._history / "metrics.json").read_bytes(), blessing, "metrics.json")
        write_json(COUNTS, quarantine, "counts.json")
        model_run, picture = self.uri("Trainer", "model_run"), self._history / AUGMENTED_FILE
        write_json(asdict(self.run.training), model_run, "training.json")
        write_bytes(picture.read_bytes(), model_run, AUGMENTED_FILE)

    def uri(self, step: str, key: str) -> str:
        """Returns the folder of an output, as Vertex AI names it."""
        return f"{self.root}/artifacts/123/flowers-1/{step}_-45/{key}"

    def finish(self, step: str, state: State, error: str = "", **properties: Any) -> None:
        """Ends a step, half a minute after its start; `properties` are those of its outputs."""
        start = START + timedelta(minutes=len(self.job.job_detail.task_details))
        detail = v1.PipelineTaskDetail(
            task_id=1, task_name=step, state=state, create_time=start, start_time=start,
            end_time=start + timedelta(seconds=30),
        )  # fmt: skip
        if error:
            detail.error = {"code": 2, "message": error}
        for key, values in properties.items():
            artifact = v1.Artifact(name=f"x/{step}", uri=self.uri(step, key), metadata=values)
            detail.outputs[key] = v1.PipelineTaskDetail.ArtifactList(artifacts=[artifact])
        self.job.job_detail.task_details.append(detail)

    def finish_all(self, state: State = State.SUCCEEDED, until: str = "") -> None:
        """Ends all steps before a step, those of which the toy run has outputs with them."""
        properties = {
            "ExampleGen": {
                "examples": {"input_fingerprint": "num_files:2", "custom:span": 0.0},
                "quarantine": {},
            },
            "Trainer": {"model": {}, "model_run": {}},
            "Predictions": {"predictions": {}},
            "Gate": {"blessing": {"blessed": 1.0}},
            "Pusher": {"pushed_model": {"pushed": 1.0, "pushed_version": "3", "new": 1.0}},
        }
        for step in STEPS:
            if step == until:
                break
            self.finish(step, state, **properties.get(step, {}))

    def report(self, state: str = "SUCCEEDED", error: str = "") -> tuple[str, dict[str, Any]]:
        """Returns the page and `run.json`, as the exit handler writes them."""
        status = {"name": NAME, "state": state, "error": error}
        write_job_report(status, self.facts, self.root)
        return self.read("report.html"), json.loads(self.read("run.json"))

    def read(self, name: str) -> str:
        """Returns a file in the job's folder of the history."""
        with gfile().GFile(f"{self.root}/history/flowers-1/{name}") as file:
            return file.read()

    def _copy(self, source: str, step: str, key: str) -> str:
        for path in Path(source).rglob("*"):
            if path.is_file():
                name = str(path.relative_to(source))
                write_bytes(path.read_bytes(), self.uri(step, key), name)
        return self.uri(step, key)
