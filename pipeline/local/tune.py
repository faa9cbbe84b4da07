"""`flowers tune`: runs the steps before the Trainer, and then the search."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.tuner.formatting import describe_search
from components.tuner.settings import TuneSettings
from components.tuner.trials import FOUND_FILE, Search
from data.common.dotted_keys import flatten
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.exit_codes import DONE
from pipeline.history.run import Run
from pipeline.local.execution import execute
from pipeline.local.lock import locked
from pipeline.local.outcome import EXIT_CODES
from pipeline.local.plan import RunPlan, find_records, format_records, reasons_to_run
from pipeline.local.run import check_local, plan_run
from pipeline.local.selection import EVERYTHING
from pipeline.local.work import Work
from pipeline.reporting.lines import display_path, print_line
from pipeline.reporting.next_steps import next_steps
from pipeline.reporting.report import Report
from pipeline.reporting.view import View
from pipeline.settings.settings import Settings
from pipeline.steps import CODE, TUNER, TUNING, steps_before_training, tuner_fingerprint
from pipeline.tuning.request import config_of, networks, search_settings

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from pipeline.run_context import RunContext


@dataclass(frozen=True)
class TuneRequest:
    """What `flowers tune` is asked for.

    Attributes:
      settings: The settings.
      config: The name of the config, for the history.
      root: The root.
      trials: The number of trials; None for `tune.trials`.
      minutes: The time for all of them; None for `tune.minutes`.
      out: A further place for `tuned.yaml`; None for none.
      command: The command, as it can be repeated.
      view: How the console shows the search.
    """

    settings: Settings
    config: str
    root: Path
    trials: int | None = None
    minutes: float | None = None
    out: Path | None = None
    command: str = "flowers tune"
    view: View = View()  # noqa: RUF009 (it is frozen)


def tune(request: TuneRequest) -> tuple[Search | None, int]:
    """Searches, and returns the search and the exit code of `flowers tune`.

    The search is None if it found nothing. A search that has ended, and whose inputs and budget are
    the same, is returned without importing TensorFlow.

    Raises:
      UsageError: The options, the records or the root cannot be used; nothing was done.
    """
    check_local(request.settings)
    asked = search_settings(request.settings, request.trials, request.minutes)
    _check_out(request.out)
    records, root = find_records(request.settings), Path(os.path.abspath(request.root))
    with locked(root) as lock:
        plan, runs = plan_run(request.settings, request.config, root, EVERYTHING, records)
        plan = _with_search(plan, request, asked)
        if same := _same(plan, runs):
            return _repeat(same, request, root)
        before = next((run for run in runs if run.finished or run.search), None)
        run = execute(plan, runs, _reasons(plan, before), lock, request.view)
    if run.search:
        _copy(run.search, request.out)
    return run.search, EXIT_CODES[run.state]


def _check_out(out: Path | None) -> None:
    """Raises a UsageError if `--out` cannot be written, before hours of work."""
    if out is None:
        return
    if out.suffix not in (".yaml", ".yml"):
        raise UsageError(f"--out: {out} must end with .yaml, so that --config takes it for a file")
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise UsageError(f"--out: {out} cannot be written; name a file in a writable folder")


def _with_search(plan: RunPlan, request: TuneRequest, asked: TuneSettings) -> RunPlan:
    """Returns the plan of the steps before the Trainer and the search."""
    code = tuner_fingerprint(networks(plan.settings, asked))

    def create(settings: Settings, context: "RunContext") -> "Pipeline":
        # It imports TFX.
        from pipeline.tuning.graph import SearchContext, create_tuning_pipeline

        search = SearchContext(
            tune=asked,
            config=config_of(request.settings),
            data=f"{format_records(plan.records)}, fingerprint {plan.records.fingerprint[:12]}",
            command=request.command,
            code=code,
        )
        return create_tuning_pipeline(settings, context, search)

    def conclude(run: Run, report: Report) -> None:
        report.tuned(_result(run), plan.root)

    inputs = {f"tune.{key}": value for key, value in flatten(asked.model_dump(mode="json"))}
    steps = [*steps_before_training(), TUNER]
    return replace(
        plan,
        inputs={**plan.inputs, **inputs, f"{CODE}{TUNER}": code},
        work=Work(steps, create, conclude),
    )


def _reasons(plan: RunPlan, before: Run | None) -> dict[str, str]:
    reasons = reasons_to_run(plan, before)
    data = {step: reasons[step] for step in steps_before_training() if step in reasons}
    return {**data, TUNER: TUNING.each_time}


def _same(plan: RunPlan, runs: Sequence[Run]) -> Run | None:
    """Returns the newest search if it had the same inputs and budget, and its files exist."""
    newest = next((run for run in runs if run.search and run.shown_state == "tuned"), None)
    if newest is None or newest.inputs != plan.inputs or newest.search is None:
        return None
    return newest if (Path(newest.search.folder) / FOUND_FILE).exists() else None


def _repeat(same: Run, request: TuneRequest, root: Path) -> tuple[Search | None, int]:
    on_stderr = request.view.on_stderr
    print_line(f"Nothing to do: nothing changed since search {same.run_id}.", on_stderr)
    steps = next_steps(same, root, root)
    for line in [*_result(same), *(f"{step.label + ':':<9} {step.text}" for step in steps)]:
        print_line(line, on_stderr)
    assert same.search is not None
    _copy(same.search, request.out)
    return same.search, DONE


def _result(run: Run) -> list[str]:
    """Returns what a search found, in lines for the console."""
    search = run.search
    assert search is not None
    text = describe_search(search)
    lines = [f"{text[0].upper()}{text[1:]}"]
    failed = [
        f"{trial.number} ({trial.reason})" for trial in search.trials if trial.state == "failed"
    ]
    if failed:
        lines.append(f"Failed trials: {format_list(failed)}")
    if search.exhausted:
        lines.append("Every combination in the space has been tried.")
    return lines


def _copy(search: Search, out: Path | None) -> None:
    if out:
        shutil.copyfile(Path(search.folder) / FOUND_FILE, out)


def as_json(search: Search) -> dict[str, Any]:
    """Returns a search as `flowers tune --json` prints it."""
    best = search.best
    values: Mapping[str, Any] = search.model_dump(mode="json", exclude={"parts"})
    return {
        **values,
        "best": best.model_dump(mode="json") if best else None,
        "config": display_path(Path(search.folder) / FOUND_FILE),
    }
