"""`flowers run`: plans a run of the pipeline, and executes it unless nothing has changed."""

import os
from collections.abc import Sequence
from pathlib import Path

from components.gate.verdict import format_verdict
from components.model_store.local import LocalStore
from data.common.errors import UsageError
from pipeline.exit_codes import DONE, REFUSED
from pipeline.history.run import STEP_WIDTH, Run
from pipeline.history.runs import History, newest_finished
from pipeline.local.lock import locked
from pipeline.local.outcome import EXIT_CODES
from pipeline.local.plan import (
    Records,
    RunPlan,
    find_records,
    make_plan,
    nothing_changed,
    reasons_to_run,
)
from pipeline.local.root import check_root
from pipeline.local.selection import EVERYTHING, Selection
from pipeline.report_page.refresh import format_report_line, stored_report
from pipeline.reporting.lines import display_path, print_line
from pipeline.reporting.view import View
from pipeline.root_files import SERVING_FOLDER
from pipeline.settings.settings import Settings
from pipeline.steps import STEPS


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
        # If nothing changed, this would take a third of the time.
        from pipeline.local.execution import execute

        run = execute(plan, runs, reasons_to_run(plan, before), lock, view)
        return EXIT_CODES[run.state]


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
