"""Executes the plan of a run on this machine: its steps, with history, console and report."""

import logging
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.example_gen import processes
from components.history_files import attempt_id
from data.common.errors import DataRefused, NotTheChief, UsageError
from data.common.garbage_collection import no_garbage_collection
from data.common.onednn import turn_onednn_on
from data.features import feature_names
from data.record_files import check_first_records
from data.sources import named
from pipeline.history.run import Run
from pipeline.history.runs import LOG_FILE, History
from pipeline.left_out import RUN, RUN_WITHOUT, TUNER_MODULE, left_out
from pipeline.local.lock import Lock
from pipeline.local.observer import RunObserver, SplitLacksClass
from pipeline.local.outcome import final_state
from pipeline.local.plan import RunPlan, bytes_needed, format_records, new_run
from pipeline.local.root import check_space, own_temporary_folder
from pipeline.local.run_inputs import SPLIT_SALT, weights_digest
from pipeline.local.warm_start import describe_warm_start
from pipeline.report_page.refresh import PagesAfterRun
from pipeline.reporting.console import console_on
from pipeline.reporting.lines import display_path
from pipeline.reporting.log_capture import captured_output
from pipeline.reporting.report import Report
from pipeline.reporting.view import View
from pipeline.root_files import ARTIFACTS_FOLDER, METADATA_FILE
from pipeline.settings.beam import local_beam_args
from pipeline.steps import CLASSES, STEPS, TUNER, library_versions

_LAST_STEP = list(STEPS)[-1]
# The size of records, in bytes, from which more processes than one check them. On two cores, their
# start delays a run by as much as they save for so many records, see BENCHMARKS.md.
_LARGE = 100_000_000


def execute(
    plan: RunPlan, runs: Sequence[Run], reasons: Mapping[str, str], lock: Lock, view: View
) -> Run:
    """Runs the steps of a plan in a locked root, and returns the run as the history has it.

    Args:
      plan: The plan.
      runs: The history, in which runs whose process died are marked.
      reasons: Why each step runs, see `reasons_to_run`.
      lock: The lock of the root.
      view: How the console shows the run.

    Raises:
      UsageError: The records, the training or the disk cannot be used; the history has no such run.
    """
    turn_onednn_on()
    with own_temporary_folder(plan.root):
        check_space(plan.root, bytes_needed(plan, reasons))
        History(plan.root).mark_dead(runs)
        return _run(plan, reasons, lock, view)


def _run(plan: RunPlan, reasons: Mapping[str, str], lock: Lock, view: View) -> Run:
    history = History(plan.root)
    run = new_run(history, plan)
    lock.name_run(run.run_id)
    folder = history.folder(run.run_id)
    log = folder / LOG_FILE
    try:
        with (
            left_out(RUN, [TUNER_MODULE] if plan.work else (), RUN_WITHOUT),
            captured_output(log, view.verbose, view.on_stderr) as stream,
            console_on(stream, view) as console,
            PagesAfterRun(plan.root, run, console),
            Report(run, history, console, reasons) as report,
        ):
            if "ExampleGen" in reasons and _is_large(plan):
                processes.start()
            if "tfx" not in sys.modules:
                console.show_activity("loading TensorFlow and TFX, about 10 s")
            with no_garbage_collection():
                # The checks need it. TFX follows later.
                import tensorflow  # noqa: F401
            _check(plan, reasons)
            console.print_line(f"run {run.run_id}: {format_records(plan.records)}")
            line = describe_warm_start(plan.settings, plan.warm_start, plan.baseline)
            if line:
                console.print_line(line)
            console.print_line(f"log of TensorFlow and TFX: {display_path(log)}")
            _run_steps(plan, run, report, RunObserver(run, report, folder))
    except UsageError:
        history.discard(run.run_id)
        raise
    finally:
        processes.end()
    return run


def _is_large(plan: RunPlan) -> bool:
    """Returns whether processes that check records are worth their start."""
    size, _ = plan.records.measured
    return plan.settings.beam.runner == "in_memory" and size >= _LARGE


def _check(plan: RunPlan, reasons: Mapping[str, str]) -> None:
    """Checks the training and the records before hours of other work."""
    if reasons.keys() & {"Trainer", TUNER}:
        # Before any tensor exists: only then TensorFlow connects several workers.
        _check_training(plan)
    names = feature_names(plan.settings.data.features)
    check_first_records(plan.records.source, plan.records.files, names)
    if plan.extra:
        with named("gate.extra_data"):
            check_first_records(plan.extra.source, plan.extra.files, names)


def _check_training(plan: RunPlan) -> None:
    """Checks devices, network and weights."""
    with no_garbage_collection():
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
    # TFX takes seconds to import, so the records are checked before.
    with no_garbage_collection():
        from components.serving_check.process import end_unused
        from components.trainer.devices import fewest_replicas
        from pipeline.graph import create_pipeline
        from pipeline.run_context import RunContext
        from pipeline.runners.local import ObservedDagRunner

    context = RunContext(
        source=plan.records.source,
        classes=plan.classes.names or [],
        split_salt=plan.split_salt,
        baseline=plan.baseline,
        libraries=library_versions(),
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
    observer.checks_serving = not plan.work and plan.selection.includes("ServingCheck")
    try:
        runner.run(pipeline)
    finally:
        # It waits for a step that this run has not reached.
        end_unused()
    if run.training:
        # The Trainer's output is published, so its checkpoints are of no more use.
        shutil.rmtree(run.training.state_folder, ignore_errors=True)
