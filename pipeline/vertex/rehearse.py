"""`flowers vertex rehearse`: runs a compiled job locally, with the reports of a local run."""

import datetime
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.common.errors import DataRefused, UsageError
from pipeline.exit_codes import DATA_REFUSED, DONE, FAILED, REFUSED
from pipeline.history.runs import LOG_FILE, History, Run, Step
from pipeline.local.root import locked
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
      UsageError: The job or the root can't be used; nothing was run.
    """
    root = Path(os.path.abspath(root))
    job = read_job(file, root, parameters)
    if (root / METADATA_FILE).exists():
        raise UsageError(f"--root: {root} contains local runs; name another folder")
    with locked(root) as lock:
        history = History(root)
        history.mark_dead()
        first = not history.runs()
        run = _new_run(history, job, file)
        lock.name_run(run.run_id)
        log = history.folder(run.run_id) / LOG_FILE
        causes = {step.name: "first run" for step in run.steps} if first else {}
        with (
            captured_output(log, view.verbose) as stream,
            console_on(stream, view) as console,
            Report(run, history, console, causes) as report,
            followed(log, console.now),
        ):
            console.say(f"rehearsal {run.run_id} of {display_path(file)}: {len(run.steps)} steps")
            console.say(f"the output of their processes is in {display_path(log)}")
            return _run_job(job, root, report, log, service)


def _new_run(history: History, job: CompiledJob, file: Path) -> Run:
    now = datetime.datetime.now(datetime.UTC)
    settings = _settings(job)
    handler = [job.exit_handler] if job.exit_handler else []
    run = Run(
        run_id=history.new_run_id(now),
        started=now.isoformat(timespec="seconds"),
        state="running",
        config=file.name,
        settings=settings.model_dump(mode="json"),
        inputs={"job": str(file), "parameters": job.parameters},
        model=settings.model.name,
        classes_from="the job",
        steps=[Step(name=task.name) for task in [*job.tasks, *handler]],
    )
    history.save(run)
    return run


def _settings(job: CompiledJob) -> Settings:
    """Returns the settings that the job contains; the others have no effect on a rehearsal."""
    trainer = job.task("Trainer")
    if not trainer:
        return Settings(name=job.name)
    config = trainer.spec["inputs"]["parameters"]["custom_config"]["runtimeValue"]["constant"]
    options = json.loads(config)["options"]
    transform = {"image_size": options.pop("image_size")}
    return Settings.model_validate({"name": job.name, "transform": transform, **options})


def _run_job(
    job: CompiledJob, root: Path, report: Report, log: Path, service: "JobService | None"
) -> int:
    # These import TFX and Google's client.
    from pipeline.vertex.rehearsal.job_run import JobRun
    from pipeline.vertex.rehearsal.job_service import JobService, handler
    from pipeline.vertex.rehearsal.loopback import loopback
    from pipeline.vertex.rehearsal.publisher import Publisher
    from pipeline.vertex.rehearsal.store import Store

    job_id = f"{job.name}-{report.run.run_id}"
    observer = ReportingObserver(report, log, History(root).folder(job_id))
    publisher = Publisher(report.console.say)
    with loopback([handler(service or JobService()), publisher.handler()]) as environment:
        state = JobRun(job, job_id, Store(root), observer, environment).run()
    if state == "SUCCEEDED" and report.run.verdict is not None:
        curves = root / "artifacts"
        return DONE if report.conclude(root, curves) else REFUSED
    if state == "SUCCEEDED":
        report.ended_without_verdict()
        return DONE
    if isinstance(observer.failure, DataRefused):
        report.data_refused(observer.failure)
        return DATA_REFUSED
    report.run.error_kind = "step"
    report.failed(observer.failure or StepFailed("no step ran"))
    return FAILED


class ReportingObserver:
    """Passes the progress of a job to a report; see `job_run.TaskObserver`.

    Attributes:
      failure: The error of the first task that failed, or None.
    """

    def __init__(self, report: Report, log: Path, folder: Path):
        """Starts without a failure.

        Args:
          report: Shows and records the progress.
          log: File with the output of the tasks' processes.
          folder: The job's folder in the history, to which a step writes why it refuses the data.
        """
        self._report = report
        self._log = log
        self._folder = folder
        self._log_start = 0
        self.failure: Exception | None = None

    def task_started(self, name: str) -> None:
        """See TaskObserver."""
        self._log_start = self._log.stat().st_size
        self._report.step_started(name)

    def task_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Json]
    ) -> None:
        """See TaskObserver."""
        self._report.step_finished(name, seconds, cached, _as_tfx(outputs))

    def task_failed(self, name: str, seconds: float, error: Exception) -> None:
        """See TaskObserver."""
        cause = read_refusal(self._folder, name) or self._step_failure(error)
        self.failure = self.failure or cause
        self._report.step_failed(name, seconds, cause)

    def task_skipped(self, name: str) -> None:
        """See TaskObserver."""
        self._report.run.step(name).state = "skipped"

    def _step_failure(self, error: Exception) -> StepFailed:
        """Returns an error with the exception that the task's process printed last, if any."""
        with self._log.open(errors="replace") as stream:
            stream.seek(self._log_start)
            _, _, traceback = stream.read().rpartition(_TRACEBACK)
        message = re.search(r"^\S.*", traceback, re.MULTILINE | re.DOTALL)
        return StepFailed(message[0].strip() if message else f"{error}; see the end of the log")


def read_refusal(folder: Path, step: str) -> DataRefused | None:
    """Returns the refusal that a step wrote, see `components.history_files.refuse_data`.

    Args:
      folder: A run's or job's folder in the history.
      step: Name of the step.
    """
    # This imports TensorFlow.
    from components.history_files import REFUSAL_FILE

    file = folder / REFUSAL_FILE
    refusal = json.loads(file.read_text()) if file.exists() else {}
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
