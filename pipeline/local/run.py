"""`flowers run`: checks, lock, history and console around one run of the pipeline."""

import logging
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from components.gate.verdict import format_verdict
from components.history_files import attempt_id
from components.model_store.local import LocalStore
from data.common.errors import DataRefused, NotTheChief, UsageError
from data.features import feature_names
from data.record_files import check_first_records
from data.sources import named
from pipeline.exit_codes import DONE, REFUSED
from pipeline.history.run import STEP_WIDTH, Run
from pipeline.history.runs import LOG_FILE, History, newest_finished
from pipeline.local.lock import Lock, locked
from pipeline.local.observer import RunObserver, SplitLacksClass
from pipeline.local.outcome import EXIT_CODES, final_state
from pipeline.local.plan import (
    Records,
    RunPlan,
    bytes_needed,
    find_records,
    format_records,
    make_plan,
    new_run,
    nothing_changed,
    reasons_to_run,
)
from pipeline.local.root import check_root, check_space, own_temporary_folder
from pipeline.local.run_inputs import SPLIT_SALT, weights_digest
from pipeline.local.selection import EVERYTHING, Selection
from pipeline.local.warm_start import describe_warm_start
from pipeline.report_page.refresh import PagesAfterRun, format_report_line, stored_report
from pipeline.reporting.console import View, console_on
from pipeline.reporting.lines import display_path, print_line
from pipeline.reporting.log_capture import captured_output
from pipeline.reporting.report import Report
from pipeline.root_files import ARTIFACTS_FOLDER, METADATA_FILE, SERVING_FOLDER
from pipeline.settings.beam import local_beam_args
from pipeline.settings.settings import Settings
from pipeline.steps import CLASSES, STEPS, TUNER

_LAST_STEP = list(STEPS)[-1]


def run_pipeline(
    settings: Settings,
    config: str,
    root: Path,
    selection: Selection = EVERYTHING,
    view: View = View(),  # noqa: B008 (it is frozen)
) -> int:
    """Runs the pipeline on this machine and returns the exit code of `flowers run`.

    If no input has changed since the newest finished run and the model that it pushed still serves,
    this prints so and returns the exit code of that run, without importing TensorFlow.

    Args:
      settings: The settings.
      config: The name of the config, for the history.
      root: The folder of everything that runs leave; created if it is missing.
      selection: The steps to run.
      view: How the console shows the run.

    Raises:
      UsageError: The options, the records or the root cannot be used; nothing was done.
    """
    selection.check()
    check_local(settings)
    records, root = find_records(settings), Path(os.path.abspath(root))
    if selection.dry_run:
        return _explain(*plan_run(settings, config, root, selection, records))
    with locked(root) as lock:
        plan, runs = plan_run(settings, config, root, selection, records)
        before = newest_finished(runs)
        if before and nothing_changed(plan, before):
            return _repeat(before, plan.root)
        reasons = reasons_to_run(plan, before)
        with own_temporary_folder(plan.root):
            check_space(plan.root, bytes_needed(plan, reasons))
            History(root).mark_dead(runs)
            return EXIT_CODES[execute(plan, reasons, lock, view).state]


def check_local(settings: Settings) -> None:
    """Raises a UsageError for settings that need a bucket, which only jobs on Vertex AI have."""
    remote = {"push.to": settings.push.to, "beam.runner": settings.beam.runner}
    for key, value in remote.items():
        if value in ("vertex-endpoint", "dataflow"):
            raise UsageError(
                f"{key} is {value}, which reads from a bucket and works only in jobs on Vertex; "
                "see `flowers vertex submit`"
            )


def plan_run(
    settings: Settings, config: str, root: Path, selection: Selection, records: Records
) -> tuple[RunPlan, Sequence[Run]]:
    """Returns the plan of a run, and the history, which is read only here."""
    runs = History(root).runs()
    check_root(root, settings.name, runs)
    return make_plan(settings, config, root, selection, records, runs), runs


def _explain(plan: RunPlan, runs: Sequence[Run]) -> int:
    """Prints the steps that would run, and why."""
    before = newest_finished(runs)
    if before and nothing_changed(plan, before):
        print_line(f"Nothing would run: nothing changed since run {before.run_id}.")
        return DONE
    reasons = reasons_to_run(plan, before)
    for step in STEPS:
        state = f"would run: {reasons[step]}" if step in reasons else "unchanged"
        print_line(f"{step:<{STEP_WIDTH}} {state}")
        if step == plan.selection.last:
            break
    return DONE


def _repeat(before: Run, root: Path) -> int:
    """Prints the outcome and the report of the last run, and returns its exit code."""
    code = _print_outcome(before, root)
    if file := stored_report(root, before):
        print_line(format_report_line(file))
    return code


def _print_outcome(before: Run, root: Path) -> int:
    """Prints the outcome of the last run, and returns its exit code."""
    print_line(f"Nothing to do: nothing changed since run {before.run_id}.")
    if before.verdict is None:
        print_line(f"It refused the data:\n{before.error}")
        return EXIT_CODES["data refused"]
    print_line(format_verdict(before.verdict))
    if before.pushed is None:
        if before.promoted:
            print_line(f"Its model was promoted as version {before.promoted}: {before.reason}")
        elif before.withdrawn:
            print_line(f"Its model was version {before.withdrawn}, which was withdrawn.")
        return REFUSED
    serving = root / SERVING_FOLDER
    store = LocalStore(serving)
    if before.pushed in store.withdrawn_versions():
        print_line(
            f"Its model, version {before.pushed}, has been withdrawn since; version "
            f"{store.newest_version()} serves."
        )
        return REFUSED
    print_line(f"Served: {display_path(serving / str(before.pushed))}")
    return DONE


def execute(plan: RunPlan, reasons: Mapping[str, str], lock: Lock, view: View) -> Run:
    """Runs the steps of a plan in a locked root, and returns the run as the history has it.

    Args:
      plan: The plan.
      reasons: Why each step runs, see `reasons_to_run`.
      lock: The lock of the root.
      view: How the console shows the run.

    Raises:
      UsageError: The records or the training cannot be used; the history has no such run.
    """
    history = History(plan.root)
    run = new_run(history, plan)
    lock.name_run(run.run_id)
    folder = history.folder(run.run_id)
    log = folder / LOG_FILE
    try:
        with (
            captured_output(log, view.verbose, view.on_stderr) as stream,
            console_on(stream, view) as console,
            PagesAfterRun(plan.root, run, console),
            Report(run, history, console, reasons) as report,
        ):
            if "tfx" not in sys.modules:
                console.show_activity("loading TensorFlow and TFX, about 20 s")
            if reasons.keys() & {"Trainer", TUNER}:
                # Before any tensor exists: only then TensorFlow connects several workers.
                _check_training(plan)
            names = feature_names(plan.settings.data.features)
            check_first_records(plan.records.source, plan.records.files, names)
            if plan.extra:
                with named("gate.extra_data"):
                    check_first_records(plan.extra.source, plan.extra.files, names)
            console.print_line(f"run {run.run_id}: {format_records(plan.records)}")
            line = describe_warm_start(plan.settings, plan.warm_start, plan.baseline)
            if line:
                console.print_line(line)
            console.print_line(f"log of TensorFlow and TFX: {display_path(log)}")
            _run_steps(plan, run, report, RunObserver(run, report, folder))
    except UsageError:
        history.discard(run.run_id)
        raise
    return run


def _check_training(plan: RunPlan) -> None:
    """Checks devices, network and weights before hours of other work."""
    from components.trainer.train import check

    check(plan.settings.training_settings(), plan.warm_start)


def _run_steps(plan: RunPlan, run: Run, report: Report, observer: RunObserver) -> None:
    """Runs the steps and reports how the run ended, which sets its final state."""
    try:
        if plan.classes.names is None:
            plan = _with_classes_of_records(plan, run)
        try:
            observer.may_resplit = not plan.salt_pinned
            _run_graph(plan, run, observer)
        except SplitLacksClass as lack:
            report.console.print_line(
                f"{lack}: splitting again, with data.split_salt {lack.better_salt}"
            )
            observer.may_resplit = False
            _run_graph(_with_salt(plan, run, lack.better_salt), run, observer)
    except NotTheChief:
        report.not_the_chief()
        return
    except DataRefused as error:
        report.data_refused(error)
        return
    except Exception as error:
        logging.getLogger(__name__).exception("the run failed")
        report.failed(error)
        return
    if plan.work:
        plan.work.conclude(run, report)
        return
    last = plan.selection.last
    if last and last != _LAST_STEP:
        report.stopped(last)
        return
    curves = plan.root / ARTIFACTS_FOLDER / "Trainer" / "model_run"
    report.concluded(final_state(run), plan.root, curves)


def _with_classes_of_records(plan: RunPlan, run: Run) -> RunPlan:
    """Returns the plan with the classes that the records name, because nothing else names any."""
    from data.class_scan import scan_classes

    names = scan_classes(plan.records.files, feature_names(plan.settings.data.features))
    run.class_names = names
    run.inputs[CLASSES] = list(names)
    return replace(plan, classes=replace(plan.classes, names=names))


def _with_salt(plan: RunPlan, run: Run, salt: str) -> RunPlan:
    """Returns the plan with another salt, which is possible while no run has accepted the data."""
    run.inputs[SPLIT_SALT] = salt
    run.pipeline_run_id = attempt_id(run.run_id, 2)
    return replace(plan, split_salt=salt, salt_pinned=True)


def _run_graph(plan: RunPlan, run: Run, observer: RunObserver) -> None:
    # TFX takes 20 s to import, so the records are checked before.
    from components.trainer.devices import fewest_replicas
    from pipeline.graph import RunContext, create_pipeline
    from pipeline.runners.local import ObservedDagRunner

    context = RunContext(
        source=plan.records.source,
        classes=plan.classes.names or [],
        split_salt=plan.split_salt,
        baseline=plan.baseline,
        span_before=plan.span_before,
        data_fingerprint=plan.records.fingerprint,
        root=str(plan.root),
        extra=plan.extra.source if plan.extra else None,
        extra_fingerprint=plan.extra.fingerprint if plan.extra else "",
        beam_args=local_beam_args(plan.settings.beam),
        warm_start=plan.warm_start,
        weights_digest=weights_digest(plan.settings),
        metadata_path=str(plan.root / METADATA_FILE),
        replicas=fewest_replicas(plan.settings.trainer.strategy),
        run_id=run.run_id,
    )
    create = plan.work.create if plan.work else create_pipeline
    pipeline = create(plan.settings, context)
    # A search looks itself for what it has done already.
    uncached, last = plan.selection.uncached() | {TUNER}, plan.selection.last
    runner = ObservedDagRunner(run.pipeline_run_id, observer, uncached=uncached, until=last)
    runner.run(pipeline)
    if run.training:
        # The Trainer's output is published, so its checkpoints are of no more use.
        shutil.rmtree(run.training.state_folder, ignore_errors=True)
