"""`flowers vertex rehearse`: runs a compiled job locally, with the reports of a local run."""

import datetime
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.common.errors import DataRefused, UsageError
from pipeline.history.run import Run, RunState, Step
from pipeline.history.runs import LOG_FILE, History
from pipeline.local.lock import locked
from pipeline.local.observer import RunObserver
from pipeline.local.outcome import EXIT_CODES, final_state
from pipeline.reporting.console import View, console_on
from pipeline.reporting.lines import display_path
from pipeline.reporting.log_capture import captured_output
from pipeline.reporting.report import Report
from pipeline.root_files import METADATA_FILE
from pipeline.settings.settings import Settings
from pipeline.vertex.rehearsal.follow import followed
from pipeline.vertex.rehearsal.job import CompiledJob, Json, read_job

if TYPE_CHECKING:
    from pipeline.vertex.rehearsal.job_service import JobService

_TRACEBACK = "Traceback (most recent call last):\n"


class StepFailed(Exception):
    """A step's process failed; the message is the exception that it printed last."""


def rehearse(
    file: Path,
    root: Path,
    parameters: Sequence[str] = (),
    view: View = View(),  # noqa: B008 (it is frozen)
    service: "JobService | None" = None,
) -> int:
    """Runs a compiled job locally and returns the exit code of `flowers vertex rehearse`.

    Args:
      file: The output of `flowers vertex compile`.
      root: Folder that replaces the job's folder on gs://, see `read_job`.
      parameters: Runtime parameters of the job, as `name=value`.
      view: How the progress is shown.
      service: Runs the custom jobs; None for a service that runs their commands unchanged.

    Raises:
      UsageError: The job or the root cannot be used; nothing was run.
    """
    root = Path(os.path.abspath(root))
    job = read_job(file, root, parameters)
    if (root / METADATA_FILE).exists():
        raise UsageError(f"--root: {root} contains local runs; name another folder")
    with locked(root) as lock:
        history = History(root)
        runs = history.runs()
        history.mark_dead(runs)
        run = _new_run(history, job, file)
        lock.name_run(run.run_id)
        log = history.folder(run.run_id) / LOG_FILE
        reasons = {} if runs else {step.name: "first run" for step in run.steps}
        with (
            captured_output(log, view.verbose) as stream,
            console_on(stream, view) as console,
            Report(run, history, console, reasons) as report,
            followed(log, console.show_activity),
        ):
            start = f"rehearsal {run.run_id} of {display_path(file)}: {len(run.steps)} steps"
            console.print_line(start)
            console.print_line(f"log of their processes: {display_path(log)}")
            return EXIT_CODES[_run_job(job, root, report, history, service)]


def _new_run(history: History, job: CompiledJob, file: Path) -> Run:
    now = datetime.datetime.now(datetime.UTC)
    settings = _settings(job)
    tasks = [*job.tasks, *([job.exit_handler] if job.exit_handler else [])]
    run = Run(
        run_id=history.new_run_id(now),
        started=now.isoformat(timespec="seconds"),
        state="running",
        config=file.name,
        settings=settings.model_dump(mode="json"),
        inputs={"job": str(file), "parameters": job.parameters},
        model=settings.model.name,
        classes_from="the job",
        steps=[Step(name=task.name) for task in tasks],
    )
    history.save(run)
    return run


def _settings(job: CompiledJob) -> Settings:
    """Returns the settings that the job contains; the others have no effect on a rehearsal."""
    trainer = next((task for task in job.tasks if task.name == "Trainer"), None)
    if not trainer:
        return Settings(name=job.name)
    config = trainer.spec["inputs"]["parameters"]["custom_config"]["runtimeValue"]["constant"]
    training = json.loads(config)["settings"]
    transform = {"image_size": training.pop("image_size")}
    return Settings.model_validate({"name": job.name, "transform": transform, **training})


def _run_job(
    job: CompiledJob, root: Path, report: Report, history: History, service: "JobService | None"
) -> RunState:
    """Runs the tasks of a job and returns the final state of the run, after it is reported."""
    # These import TFX and Google's client.
    from pipeline.vertex.rehearsal.job_run import JobRun
    from pipeline.vertex.rehearsal.job_service import JobService, handler
    from pipeline.vertex.rehearsal.loopback import loopback
    from pipeline.vertex.rehearsal.publisher import Publisher
    from pipeline.vertex.rehearsal.store import Store

    run, job_id = report.run, f"{job.name}-{report.run.run_id}"
    observer = ReportingObserver(report, history.folder(run.run_id), history.folder(job_id))
    publisher = Publisher(report.console.print_line)
    with loopback([handler(service or JobService()), publisher.handler()]) as environment:
        succeeded = JobRun(job, job_id, Store(root), observer, environment).run() == "SUCCEEDED"
    if isinstance(observer.failure, DataRefused):
        report.data_refused(observer.failure)
        return "data refused"
    if not succeeded:
        report.failed(observer.failure or StepFailed("no step ran"))
        return "failed"
    if run.verdict is None:
        report.ended_without_verdict()
        return "stopped"
    state = final_state(run)
    report.concluded(state, root, root / "artifacts")
    return state


class ReportingObserver:
    """A TaskObserver that passes the progress of a job to a report.

    Attributes:
      failure: The error of the first task that failed, or None.
    """

    def __init__(self, report: Report, run_folder: Path, job_folder: Path):
        """Takes the folders in the history of the run, with the log, and of the job.

        In the job's folder a step writes why it refuses the data.
        """
        self._report, self._job_folder = report, job_folder
        self._observer = RunObserver(report.run, report, run_folder)
        self._log, self._log_start = run_folder / LOG_FILE, 0
        self.failure: Exception | None = None

    def task_started(self, name: str) -> None:
        self._log_start = self._log.stat().st_size
        self._report.step_started(name)

    def task_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Json]
    ) -> None:
        self._observer.step_finished(name, seconds, cached, _as_tfx(outputs))

    def task_failed(self, name: str, seconds: float, error: Exception) -> None:
        cause = read_refusal(self._job_folder, name) or self._step_failure(error)
        self.failure = self.failure or cause
        self._report.step_failed(name, seconds)

    def task_skipped(self, name: str) -> None:
        self._report.run.step(name).state = "skipped"

    def _step_failure(self, error: Exception) -> StepFailed:
        """Returns an error with the exception that the task's process printed last, if any."""
        with self._log.open(errors="replace") as stream:
            stream.seek(self._log_start)
            _, _, traceback = stream.read().rpartition(_TRACEBACK)
        message = re.search(r"^\S.*", traceback, re.MULTILINE | re.DOTALL)
        return StepFailed(message[0].strip() if message else f"{error}; see the end of the log")


def read_refusal(folder: Path, step: str) -> DataRefused | None:
    """Returns the refusal that a step wrote to a history folder by `refuse_data`, or None."""
    # This imports TensorFlow.
    from components.history_files import REFUSAL_FILE

    file = folder / REFUSAL_FILE
    refusal = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return DataRefused("\n".join(refusal["reasons"])) if refusal.get("step") == step else None


def _as_tfx(outputs: Mapping[str, Json]) -> Any:
    """Returns artifacts by key as TFX's own type."""
    from google.protobuf import json_format
    from kfp.pipeline_spec.pipeline_spec_pb2 import ExecutorInput
    from tfx.orchestration.kubeflow.v2.container.kubeflow_v2_entrypoint_utils import (
        parse_raw_artifact_dict,
    )

    artifacts = {key: {"artifacts": [artifact]} for key, artifact in outputs.items()}
    message = json_format.ParseDict({"artifacts": artifacts}, ExecutorInput.Inputs())
    return parse_raw_artifact_dict(message.artifacts)
