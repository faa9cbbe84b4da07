"""`flowers run`: checks, lock, history and console around one run of the pipeline."""

import datetime
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from components.gate.verdict import Verdict, in_words
from components.pusher.push import digest_of, newest_version
from data import sources
from data.errors import DataRefused, UsageError
from pipeline.changes import run_inputs, why_steps_run
from pipeline.config import Settings
from pipeline.console import View, console_on
from pipeline.history import LOG_FILE, History, Run, Step
from pipeline.noise import diverted
from pipeline.report import Report, from_here, tell
from pipeline.selection import EVERYTHING, Selection
from pipeline.steps import STEPS

PUSHED, FAILED, REFUSED, DATA_REFUSED = 0, 1, 3, 4


@dataclass(frozen=True)
class Plan:
    """A run that is about to begin: its settings, its records, and what it depends on."""

    settings: Settings
    config: str
    root: Path
    source: sources.Source
    files: list[str]
    data_fingerprint: str
    inputs: dict[str, Any]
    selection: Selection


def run_pipeline(
    settings: Settings,
    config: str,
    root: Path,
    selection: Selection = EVERYTHING,
    view: View = View(),  # noqa: B008 (it is frozen)
) -> int:
    """Runs the pipeline on this machine and returns the exit code of `flowers run`.

    Where nothing that it depends on has changed since the newest finished run, and what that run
    pushed still serves, it says so and repeats its exit code: TensorFlow is not even imported.

    Args:
      settings: see `pipeline.config`.
      config: the name that the history notes.
      root: folder of everything that the run leaves; made if it is missing.
      selection: which steps to run.
      view: how it is shown.

    Raises:
      UsageError: the options, the records or the root can't be used; nothing was done.
    """
    selection.check()
    plan = _plan(settings, config, Path(os.path.abspath(root)), selection)
    _check_name(plan)
    if selection.dry_run:
        return _explain(plan)
    lock = _lock(plan.root)
    try:
        before = History(plan.root).newest_finished()
        if before and _nothing_changed(plan, before):
            return _repeat(before, plan.root)
        return _run(plan, before, view)
    finally:
        lock.release()


def _check_name(plan: Plan) -> None:
    """Makes sure that a root is one pipeline's: the newest version in `serving` is the baseline."""
    for run in History(plan.root).runs():
        if run.settings["name"] != plan.settings.name:
            raise UsageError(
                f"--root: {plan.root} holds runs of the pipeline {run.settings['name']!r}, and the "
                f"setting `name` is {plan.settings.name!r}; name another folder"
            )


def _plan(settings: Settings, config: str, root: Path, selection: Selection) -> Plan:
    source = sources.resolve(settings.data.source, settings.data.public_size)
    files = sources.list_files(source)
    # Reading a bucket twice would cost more than the run that it may save.
    fingerprint = "" if source.remote else sources.fingerprint(source, files)
    inputs = run_inputs(settings, str(source), fingerprint)
    return Plan(settings, config, root, source, files, fingerprint, inputs, selection)


def _explain(plan: Plan) -> int:
    """Says what would run, and why."""
    before = History(plan.root).newest_finished()
    if before and _nothing_changed(plan, before):
        tell(f"Nothing would run: nothing changed since run {before.run_id}.")
        return PUSHED
    causes = _causes(plan, before)
    for step in STEPS:
        tell(f"{step:<17} {f'would run: {causes[step]}' if step in causes else 'unchanged'}")
        if step == plan.selection.last:
            break
    return PUSHED


def _causes(plan: Plan, before: Run | None) -> dict[str, str]:
    return why_steps_run(before.inputs if before else None, plan.inputs, plan.selection.anew())


def _nothing_changed(plan: Plan, before: Run) -> bool:
    """Whether a run would only repeat `before`, and what that pushed still serves."""
    if not plan.selection.everything or not plan.data_fingerprint or before.inputs != plan.inputs:
        return False
    if before.pushed is None:
        return True
    serving = plan.root / "serving"
    newest = newest_version(serving)
    return newest == before.pushed and digest_of(serving / str(newest)) == before.digest


def _repeat(before: Run, root: Path) -> int:
    """Says what the run before came to, and returns its exit code."""
    tell(f"Nothing to do: nothing changed since run {before.run_id}.")
    if before.state == "data refused":
        tell(f"It refused the data:\n{before.error}")
        return DATA_REFUSED
    verdict = Verdict(**(before.verdict or {}))
    tell(in_words(verdict))
    if not verdict.blessed:
        return REFUSED
    tell(f"Served: {from_here(root / 'serving' / str(before.pushed))}")
    return PUSHED


def _run(plan: Plan, before: Run | None, view: View) -> int:
    history = History(plan.root)
    history.mark_dead()
    run = _new_run(history, plan)
    log = history.folder(run.run_id) / LOG_FILE
    place = str(plan.source) if plan.source.remote else from_here(str(plan.source))
    try:
        with (
            diverted(log, view.verbose) as stream,
            console_on(stream, view) as console,
            Report(run, history, console, _causes(plan, before)) as report,
        ):
            console.say(f"run {run.run_id}: {len(plan.files)} files of {place}")
            console.say(f"the noise of TensorFlow and TFX goes to {from_here(log)}")
            console.now("loading TensorFlow and TFX, about 20 s")
            sources.check_first_records(plan.source, plan.files)
            return _run_steps(plan, report)
    except UsageError:
        history.discard(run.run_id)
        raise


def _run_steps(plan: Plan, report: Report) -> int:
    # TFX takes 20 s to import: not before the records were looked at.
    from pipeline.graph import Place, create_pipeline
    from pipeline.runners.local import ObservedDagRunner

    place = Place(
        source=plan.source,
        data_fingerprint=plan.data_fingerprint,
        root=str(plan.root),
        metadata_path=str(plan.root / "metadata.sqlite"),
        run_id=report.run.run_id,
    )
    try:
        pipeline = create_pipeline(plan.settings, place)
        anew, last = plan.selection.anew(), plan.selection.last
        ObservedDagRunner(report.run.run_id, report, anew=anew, until=last).run(pipeline)
        if last and last != list(STEPS)[-1]:
            report.stopped(last)
            return PUSHED
        return PUSHED if report.conclude(plan.root) else REFUSED
    except DataRefused as error:
        report.data_refused(error)
        return DATA_REFUSED
    except Exception as error:
        logging.getLogger(__name__).exception("the run failed")
        report.failed(error)
        return FAILED


def _new_run(history: History, plan: Plan) -> Run:
    now = datetime.datetime.now(datetime.UTC)
    run = Run(
        run_id=history.new_run_id(now),
        started=now.isoformat(timespec="seconds"),
        state="running",
        config=plan.config,
        settings=plan.settings.model_dump(mode="json"),
        inputs=plan.inputs,
        model=plan.settings.model.name,
        steps=[Step(name=name) for name in STEPS],
    )
    history.save(run)
    return run


def _lock(root: Path) -> filelock.BaseFileLock:
    """Returns a lock that holds the root for this process."""
    lock = filelock.FileLock(root / ".lock", timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(
            f"--root: another run is using {root}; wait until it ends, or name another folder"
        ) from error
    except OSError as error:
        raise UsageError(f"--root: {root} can't be written: {error.strerror}") from error
    return lock
