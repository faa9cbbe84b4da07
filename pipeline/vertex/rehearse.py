"""`flowers vertex rehearse`: runs a compiled job locally, with the reports of a local run."""

import datetime
import importlib.util
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.history_files import read_refusal
from data.common.errors import DataRefused, UsageError
from pipeline.history.run import Run, RunState, Step
from pipeline.history.runs import LOG_FILE, History
from pipeline.local.lock import locked
from pipeline.local.observer import RunObserver
from pipeline.local.outcome import EXIT_CODES, final_state
from pipeline.report_page.refresh import format_report_line, stored_report
from pipeline.reporting.console import console_on
from pipeline.reporting.lines import display_path
from pipeline.reporting.log_capture import captured_output
from pipeline.reporting.report import Report
from pipeline.reporting.view import View
from pipeline.root_files import METADATA_FILE
from pipeline.settings.settings import Settings
from pipeline.steps import TUNER
from pipeline.vertex.job_facts import JobFacts, new_run
from pipeline.vertex.rehearsal.follow import followed
from pipeline.vertex.rehearsal.job import CompiledJob, Json, read_job
from pipeline.vertex.tfx_artifacts import tfx_artifacts

if TYPE_CHECKING:
    from pipeline.vertex.rehearsal.job_run import TaskObserver
    from pipeline.vertex.rehearsal.job_service import JobService

_NO_REPORT = "Report:   missing, because it could not be made; see the log"
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
      UsageError: The job or the root cannot be used, or a package is missing; nothing was run.
    """
    if importlib.util.find_spec("trustme") is None:
        raise UsageError(
            "a rehearsal needs the package trustme, for the certificates of its servers: "
            "uv sync --extra rehearse, or pip install trustme"
        )
    root = Path(os.path.abspath(root))
    job = read_job(file, root, parameters)
    if (root / METADATA_FILE).exists():
        raise UsageError(f"--root: {root} contains local runs; name another folder")
    with locked(root) as lock:
        history = History(root)
        runs = history.runs()
        history.mark_dead(runs)
        run = _start_run(history, job, file)
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
            state = _run_job(job, root, report, history, service)
            if job.exit_handler:
                page = stored_report(root, run)
                console.print_line(format_report_line(page) if page else _NO_REPORT)
            return EXIT_CODES[state]


def _start_run(history: History, job: CompiledJob, file: Path) -> Run:
    """Writes the history entry of a rehearsal that starts now; its id is also that of the job."""
    now = datetime.datetime.now(datetime.UTC)
    job_id = history.new_run_id(now, f"{job.name}-")
    run = new_run(_facts(job), job_id, now.isoformat(timespec="seconds"), job.parameters)
    run.config = file.name
    tasks = [*job.tasks, *([job.exit_handler] if job.exit_handler else [])]
    run.steps = [Step(name=task.name) for task in tasks]
    history.save(run)
    return run


def _facts(job: CompiledJob) -> JobFacts:
    """Returns what the exit handler of the job gets; for a job without one, what the Tuner gets."""
    if not job.exit_handler:
        found = Settings.model_validate({**_config_of_search(job), "name": job.name})
        return JobFacts(settings=found.model_dump(mode="json"), patterns=[], inputs={})
    parameter = job.exit_handler.spec["inputs"]["parameters"]["facts"]
    return JobFacts.model_validate_json(parameter["runtimeValue"]["constant"])


def _config_of_search(job: CompiledJob) -> dict[str, Any]:
    """Returns the config that the Tuner of a job changes; an empty one for other jobs."""
    for task in job.tasks:
        if task.name == TUNER:
            parameter = task.spec["inputs"]["parameters"]["custom_config"]
            config: dict[str, Any] = json.loads(parameter["runtimeValue"]["constant"])["config"]
            return config
    return {}


def _run_job(
    job: CompiledJob, root: Path, report: Report, history: History, service: "JobService | None"
) -> RunState:
    """Runs the tasks of a job and returns the final state of the run, after it is reported."""
    # These import TFX and Google's client.
    from pipeline.vertex.rehearsal.job_run import JobRun
    from pipeline.vertex.rehearsal.job_service import JobService, handler
    from pipeline.vertex.rehearsal.loopback import loopback
    from pipeline.vertex.rehearsal.pipeline_service import PipelineService
    from pipeline.vertex.rehearsal.publisher import Publisher
    from pipeline.vertex.rehearsal.store import Store

    run, folder = report.run, history.folder(report.run.run_id)
    pipelines = PipelineService(job, run.run_id)
    observer = ReportingObserver(report, folder, pipelines)
    publisher = Publisher(report.console.print_line)
    services = [handler(service or JobService()), pipelines.handler(), publisher.handler()]
    with loopback(services) as environment:
        job_run = JobRun(job, run.run_id, Store(root), observer, environment)
        succeeded = job_run.run() == "SUCCEEDED"
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
    """A TaskObserver that passes the progress of a job to a report and to another observer.

    Attributes:
      failure: The error of the first task that failed, or None.
    """

    def __init__(self, report: Report, folder: Path, other: "TaskObserver"):
        """Takes the folder of the run in the history, with the log, and the other observer."""
        self._report, self._folder, self._other = report, folder, other
        self._observer = RunObserver(report.run, report, folder)
        self._log, self._log_start = folder / LOG_FILE, 0
        self.failure: Exception | None = None

    def task_started(self, name: str) -> None:
        """See TaskObserver."""
        self._log_start = self._log.stat().st_size
        self._other.task_started(name)
        self._report.step_started(name)

    def task_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Json]
    ) -> None:
        """See TaskObserver."""
        self._other.task_finished(name, seconds, cached, outputs)
        self._observer.step_finished(name, seconds, cached, tfx_artifacts(outputs))

    def task_failed(self, name: str, seconds: float, error: Exception) -> None:
        """See TaskObserver; the other one gets the exception that the task raised."""
        cause = read_refusal(str(self._folder), name) or self._step_failure(error)
        self.failure = self.failure or cause
        self._other.task_failed(name, seconds, cause)
        self._report.step_failed(name, seconds)

    def task_skipped(self, name: str) -> None:
        """See TaskObserver."""
        self._other.task_skipped(name)
        self._report.run.step(name).state = "skipped"

    def _step_failure(self, error: Exception) -> StepFailed:
        """Returns an error with the exception that the task's process printed last, if any."""
        with self._log.open(errors="replace") as stream:
            stream.seek(self._log_start)
            _, _, traceback = stream.read().rpartition(_TRACEBACK)
        message = re.search(r"^\S.*", traceback, re.MULTILINE | re.DOTALL)
        return StepFailed(message[0].strip() if message else f"{error}; see the end of the log")
