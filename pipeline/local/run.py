"""`flowers run`: checks, lock, history and console around one run of the pipeline."""

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from components.gate.verdict import format_verdict, parse_verdict
from components.model_store.local import newest_version, withdrawn_versions
from data import sources
from data.common.errors import DataRefused, UsageError
from pipeline.exit_codes import DATA_REFUSED, DONE, FAILED, REFUSED
from pipeline.history.runs import LOG_FILE, History, Run
from pipeline.local.plan import (
    RunPlan,
    bytes_needed,
    causes_of,
    format_files,
    make_plan,
    new_run,
    nothing_changed,
    with_baseline,
)
from pipeline.local.root import Lock, check_root, check_space, locked, own_temporary_folder
from pipeline.local.run_inputs import SPLIT_SALT, weights_digest
from pipeline.local.selection import EVERYTHING, Selection
from pipeline.local.warm_start import describe_warm_start
from pipeline.reporting.console import View, console_on
from pipeline.reporting.lines import display_path, print_line
from pipeline.reporting.log_capture import captured_output
from pipeline.reporting.report import Report, SplitLacksClass
from pipeline.root_files import METADATA_FILE
from pipeline.settings.beam import local_beam_args
from pipeline.settings.settings import Settings
from pipeline.steps import CLASSES, STEPS


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
      settings: see `pipeline.settings.loading`.
      config: the name that the history notes.
      root: folder of everything that the run leaves; made if it is missing.
      selection: which steps to run.
      view: how it is shown.

    Raises:
      UsageError: the options, the records or the root can't be used; nothing was done.
    """
    selection.check()
    _check_for_this_machine(settings)
    plan = make_plan(settings, config, Path(os.path.abspath(root)), selection)
    check_root(plan.root, settings.name)
    if selection.dry_run:
        return _explain(with_baseline(plan))
    with locked(plan.root) as lock:
        plan = with_baseline(plan)
        before = History(plan.root).newest_finished()
        if before and nothing_changed(plan, before):
            return _repeat(before, plan.root)
        causes = causes_of(plan, before)
        with own_temporary_folder(plan.root):
            check_space(plan.root, bytes_needed(plan, causes))
            return _run(plan, causes, lock, view)


def _check_for_this_machine(settings: Settings) -> None:
    """Refuses what is for jobs on Vertex, whose artifacts lie in a bucket."""
    wrong = {"push.to": settings.push.to, "beam.runner": settings.beam.runner}
    for key, value in wrong.items():
        if value in ("vertex-endpoint", "dataflow"):
            raise UsageError(
                f"{key} is {value}, which reads a bucket: it is for jobs on Vertex, see `flowers "
                "vertex submit`"
            )


def _explain(plan: RunPlan) -> int:
    """Says what would run, and why."""
    before = History(plan.root).newest_finished()
    if before and nothing_changed(plan, before):
        print_line(f"Nothing would run: nothing changed since run {before.run_id}.")
        return DONE
    causes = causes_of(plan, before)
    for step in STEPS:
        print_line(f"{step:<17} {f'would run: {causes[step]}' if step in causes else 'unchanged'}")
        if step == plan.selection.last:
            break
    return DONE


def _repeat(before: Run, root: Path) -> int:
    """Says what the run before came to, and returns its exit code."""
    print_line(f"Nothing to do: nothing changed since run {before.run_id}.")
    if before.state == "data refused":
        print_line(f"It refused the data:\n{before.error}")
        return DATA_REFUSED
    print_line(format_verdict(parse_verdict(before.verdict or {})))
    serving = newest_version(root / "serving")
    if before.pushed is None:
        if before.promoted:
            print_line(f"A person had it pushed, as version {before.promoted}: {before.reason}")
        elif before.withdrawn:
            print_line(f"It was version {before.withdrawn}, and a person withdrew it.")
        return REFUSED
    if before.pushed in withdrawn_versions(root / "serving"):
        print_line(
            f"Version {before.pushed}, its model, was withdrawn since; version {serving} serves."
        )
        return REFUSED
    print_line(f"Served: {display_path(root / 'serving' / str(before.pushed))}")
    return DONE


def _run(plan: RunPlan, causes: Mapping[str, str], lock: Lock, view: View) -> int:
    history = History(plan.root)
    history.mark_dead()
    run = new_run(history, plan)
    lock.name_run(run.run_id)
    log = history.folder(run.run_id) / LOG_FILE
    try:
        with (
            captured_output(log, view.verbose) as stream,
            console_on(stream, view) as console,
            Report(run, history, console, causes) as report,
        ):
            console.now("loading TensorFlow and TFX, about 20 s")
            sources.check_first_records(plan.source, plan.files)
            if "Trainer" in causes:
                _check_training(plan)
            console.say(f"run {run.run_id}: {format_files(plan)}")
            if told := describe_warm_start(plan.settings, plan.warm_start, plan.serving):
                console.say(told)
            console.say(f"the noise of TensorFlow and TFX goes to {display_path(log)}")
            return _run_steps(plan, report)
    except UsageError:
        history.discard(run.run_id)
        raise


def _find_classes(plan: RunPlan, run: Run) -> RunPlan:
    """Returns the plan with the classes that the records name, where nothing else names any."""
    from data.class_scan import scan_classes

    names = scan_classes(plan.files)
    run.class_names = names
    run.inputs[CLASSES] = names
    return replace(plan, classes=replace(plan.classes, names=names))


def _dealt_anew(plan: RunPlan, report: Report, lack: SplitLacksClass) -> RunPlan:
    """Returns the plan with another salt: nothing holds to the first one yet."""
    report.console.say(f"{lack}: dealt out anew, with data.split_salt {lack.better_salt}")
    report.run.inputs[SPLIT_SALT] = lack.better_salt
    # TFX would not run a step twice under one id.
    report.run.pipeline_run_id += "-dealt-anew"
    return replace(plan, split_salt=lack.better_salt, salt_known=True)


def _check_training(plan: RunPlan) -> None:
    """Makes sure that devices, network and weights are there, before hours of other work."""
    from components.trainer.train import check

    check(plan.settings.training_settings(), plan.warm_start)


def _run_steps(plan: RunPlan, report: Report) -> int:
    try:
        if plan.classes.names is None:
            plan = _find_classes(plan, report.run)
        try:
            return _run_pipeline(plan, report)
        except SplitLacksClass as lack:
            return _run_pipeline(_dealt_anew(plan, report, lack), report)
    except DataRefused as error:
        report.data_refused(error)
        return DATA_REFUSED
    except Exception as error:
        logging.getLogger(__name__).exception("the run failed")
        report.failed(error)
        return FAILED


def _run_pipeline(plan: RunPlan, report: Report) -> int:
    # TFX takes 20 s to import: not before the records were looked at.
    from pipeline.graph import RunContext, create_pipeline
    from pipeline.runners.local import ObservedDagRunner

    context = RunContext(
        source=plan.source,
        classes=plan.classes.names or [],
        split_salt=plan.split_salt,
        serving=plan.serving,
        span_before=plan.span_before,
        data_fingerprint=plan.data_fingerprint,
        root=str(plan.root),
        beam_args=local_beam_args(plan.settings.beam),
        warm_start=plan.warm_start,
        weights_digest=weights_digest(plan.settings),
        metadata_path=str(plan.root / METADATA_FILE),
        run_id=report.run.run_id,
    )
    pipeline = create_pipeline(plan.settings, context)
    report.may_redeal = not plan.salt_known
    anew, last = plan.selection.anew(), plan.selection.last
    ObservedDagRunner(report.run.pipeline_run_id, report, anew=anew, until=last).run(pipeline)
    if report.run.training:
        # The Trainer is published: its state is of no use any more.
        shutil.rmtree(report.run.training["state_folder"], ignore_errors=True)
    if last and last != list(STEPS)[-1]:
        report.stopped(last)
        return DONE
    curves = plan.root / "artifacts" / "Trainer" / "model_run"
    return DONE if report.conclude(plan.root, curves) else REFUSED
