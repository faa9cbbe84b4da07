"""`flowers vertex rehearse`: a compiled job played here, and shown as a run of this machine is."""

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
from pipeline.vertex.rehearsal.job import Job, Json, read_job

if TYPE_CHECKING:
    from pipeline.vertex.rehearsal.job_service import JobService

_TRACEBACK = "Traceback (most recent call last):\n"
_REFUSED = f"{DataRefused.__module__}.{DataRefused.__name__}: "


class StepFailed(Exception):
    """A step's process ended with an error; the message is what it said last."""


def rehearse(
    file: Path,
    root: Path,
    parameters: Sequence[str] = (),
    view: View = View(),  # noqa: B008 (it is frozen)
    service: "JobService | None" = None,
) -> int:
    """Plays a compiled job and returns the exit code of `flowers vertex rehearse`.

    Args:
      file: what `flowers vertex compile` wrote.
      root: folder that stands for the job's own on gs://; see `read_job`.
      parameters: `name=value` for the job's runtime parameters.
      view: how it is shown.
      service: runs the custom jobs; None for one that runs their commands as they are.

    Raises:
      UsageError: the job or the root can't be used; nothing was done.
    """
    root = Path(os.path.abspath(root))
    job = read_job(file, root, parameters)
    if (root / METADATA_FILE).exists():
        raise UsageError(f"--root: {root} holds runs of this machine; name another folder")
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
            console.say(f"what their processes print goes to {display_path(log)}")
            return _play(job, root, report, _Told(report, log), service)


def _new_run(history: History, job: Job, file: Path) -> Run:
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


def _settings(job: Job) -> Settings:
    """Returns the settings as far as the job tells them: the others decide nothing here."""
    trainer = job.task("Trainer")
    if not trainer:
        return Settings(name=job.name)
    given = trainer.spec["inputs"]["parameters"]["custom_config"]["runtimeValue"]["constant"]
    training = json.loads(given)["settings"]
    side = training.pop("image_size")
    return Settings.model_validate(
        {"name": job.name, "transform": {"image_size": side}, **training}
    )


def _play(job: Job, root: Path, report: Report, told: "_Told", service: "JobService | None") -> int:
    # They bring TFX and Google's client.
    from pipeline.vertex.rehearsal.job_service import JobService, handler
    from pipeline.vertex.rehearsal.loopback import loopback
    from pipeline.vertex.rehearsal.publisher import Publisher
    from pipeline.vertex.rehearsal.store import Store
    from pipeline.vertex.rehearsal.walk import Walk

    publisher = Publisher(report.console.say)
    with loopback([handler(service or JobService()), publisher.handler()]) as environment:
        job_id = f"{job.name}-{report.run.run_id}"
        state = Walk(job, job_id, Store(root), told, environment).run()
    if state == "SUCCEEDED" and report.run.verdict is not None:
        curves = root / "artifacts"
        return DONE if report.conclude(root, curves) else REFUSED
    if state == "SUCCEEDED":
        report.ended_without_verdict()
        return DONE
    if isinstance(told.failure, DataRefused):
        report.data_refused(told.failure)
        return DATA_REFUSED
    report.failed(told.failure or StepFailed("no step ran"))
    return FAILED


class _Told:
    """Hands what the walk tells to the report, in TFX's own types; see `walk.Observer`."""

    def __init__(self, report: Report, log: Path):
        self._report = report
        self._log = log
        self._began = 0
        self.failure: Exception | None = None

    def task_started(self, name: str) -> None:
        self._began = self._log.stat().st_size
        self._report.step_started(name)

    def task_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Json]
    ) -> None:
        self._report.step_finished(name, seconds, cached, _as_tfx(outputs))

    def task_failed(self, name: str, seconds: float, error: Exception) -> None:
        cause = self._cause(error)
        self.failure = self.failure or cause
        self._report.step_failed(name, seconds, cause)

    def task_skipped(self, name: str) -> None:
        self._report.run.step(name).state = "skipped"

    def _cause(self, error: Exception) -> Exception:
        """Returns what the process that failed said last: its exception, if it told one."""
        with self._log.open(errors="replace") as stream:
            stream.seek(self._began)
            _, _, traceback = stream.read().rpartition(_TRACEBACK)
        said = re.search(r"^\S.*", traceback, re.MULTILINE | re.DOTALL)
        if not said:
            return StepFailed(f"{error}; its end is in the log")
        text = said[0].strip()
        if text.startswith(_REFUSED):
            return DataRefused(text.removeprefix(_REFUSED))
        return StepFailed(text)


def _as_tfx(outputs: Mapping[str, Json]) -> Any:
    """Returns artifacts as TFX's own, as a process of it would read them."""
    from google.protobuf import json_format
    from kfp.pipeline_spec.pipeline_spec_pb2 import ExecutorInput
    from tfx.orchestration.kubeflow.v2.container.kubeflow_v2_entrypoint_utils import (
        parse_raw_artifact_dict,
    )

    listed = {key: {"artifacts": [artifact]} for key, artifact in outputs.items()}
    message = json_format.ParseDict({"artifacts": listed}, ExecutorInput.Inputs())
    return parse_raw_artifact_dict(message.artifacts)
