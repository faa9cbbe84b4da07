"""`flowers run --seeds`: trains several seeds on one Transform output, and pushes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.common.errors import UsageError
from pipeline.exit_codes import DONE
from pipeline.history.run import Run
from pipeline.history.runs import newest_finished
from pipeline.history.seeds import SeedTable, has_result, seed_result, seed_table
from pipeline.local.execution import execute
from pipeline.local.lock import locked
from pipeline.local.outcome import EXIT_CODES
from pipeline.local.plan import Records, RunPlan, find_records, reasons_to_run
from pipeline.local.run import check_local, plan_run
from pipeline.local.selection import Selection
from pipeline.report_page.refresh import kept_report, refresh_pages
from pipeline.reporting.lines import print_line
from pipeline.reporting.view import View
from pipeline.settings.settings import Settings

_UNTIL_GATE = Selection(last="Gate")
# More are a slip of the pen, such as 0..20261124.
_MOST_SEEDS = 100


@dataclass(frozen=True)
class SeedRuns:
    """What `flowers run --seeds` is asked for.

    Attributes:
      text: The value of `--seeds`.
      seeds: The seeds in it.
      settings: The settings; `trainer.seed` is replaced.
      config: The name of the config, for the history.
      root: The root, an absolute path.
      view: How the console shows the runs.
    """

    text: str
    seeds: Sequence[int]
    settings: Settings
    config: str
    root: Path
    view: View

    def plan(self, seed: int, records: Records) -> tuple[RunPlan, Sequence[Run]]:
        """Returns the plan of the run of a seed, and the history."""
        trainer = self.settings.trainer.model_copy(update={"seed": seed})
        settings = self.settings.model_copy(update={"trainer": trainer})
        plan, runs = plan_run(settings, self.config, self.root, _UNTIL_GATE, records)
        return replace(plan, seeds=self.text), runs


def parse_seeds(text: str) -> list[int]:
    """Returns the seeds in a text such as `0..2`, `0,3,7` or `0..2,7`.

    Raises:
      UsageError: It is not such a text, or names a seed twice, or too many.
    """
    try:
        seeds = [seed for part in text.split(",") for seed in _parse_part(part.strip())]
    except ValueError:
        seeds = []
    if not seeds or len(set(seeds)) < len(seeds) or len(seeds) > _MOST_SEEDS:
        raise UsageError(
            f"--seeds takes different numbers from 0 on, at most {_MOST_SEEDS}, such as 0..2 or "
            f"0,3,7; got {text!r}"
        )
    return seeds


def _parse_part(text: str) -> Sequence[int]:
    """Returns the seeds of a number or a range.

    Raises:
      ValueError: It is neither, or a range of too many.
    """
    first, dots, last = text.partition("..")
    if not (first.isascii() and first.isdigit()):
        raise ValueError(text)
    seeds = range(int(first), int(last if dots else first) + 1)
    # Before a list of millions fills the memory.
    if len(seeds) > _MOST_SEEDS:
        raise ValueError(text)
    return seeds


def run_seeds(asked: SeedRuns) -> tuple[SeedTable, int]:
    """Runs the pipeline from the Trainer to the gate for each seed that has no result yet.

    The steps before the Trainer run once. A seed that any run of this root has trained with the
    same inputs is not run again. The first run that fails or whose data is refused ends this.

    Args:
      asked: The seeds and their settings.

    Returns:
      The results, and the exit code: 0 if each seed has a result, whatever the gate says.

    Raises:
      UsageError: The options, the records or the root cannot be used; nothing was done.
    """
    _check(asked.settings)
    records = find_records(asked.settings)
    done: list[Run] = []
    new = 0
    code = DONE
    with locked(asked.root) as lock:
        for seed in asked.seeds:
            plan, runs = asked.plan(seed, records)
            run = _same(plan, runs)
            if run:
                line = f"Seed {seed}: nothing changed since run {run.run_id}."
                print_line(line, asked.view.on_stderr)
            else:
                place = f"{asked.seeds.index(seed) + 1} of {len(asked.seeds)}"
                print_line(f"Seed {seed}, {place}:", asked.view.on_stderr)
                before = done[-1] if done else newest_finished(runs)
                run = execute(plan, runs, reasons_to_run(plan, before), lock, asked.view)
                new += 1
            if not has_result(asked.root, run):
                code = EXIT_CODES[run.state]
                break
            done.append(run)
        if new:
            _link(asked.root, [run for run in done if run.seeds])
    return seed_table(asked.seeds, [seed_result(asked.root, run) for run in done]), code


def explain_seeds(asked: SeedRuns) -> None:
    """Prints which seeds would be run."""
    _check(asked.settings)
    records = find_records(asked.settings)
    for seed in asked.seeds:
        plan, runs = asked.plan(seed, records)
        same = _same(plan, runs)
        state = f"nothing changed since run {same.run_id}" if same else "would run"
        print_line(f"seed {seed}: {state}", asked.view.on_stderr)


def _check(settings: Settings) -> None:
    check_local(settings)
    if settings.trainer.strategy == "multiworker":
        raise UsageError(
            "--seeds trains one seed after the other in one process, and several workers can only "
            "train once in it; with trainer.strategy=multiworker, run each seed by --until Gate "
            "--set trainer.seed=N"
        )


def _same(plan: RunPlan, runs: Sequence[Run]) -> Run | None:
    """Returns the newest run with the inputs of a plan and with a result; None if there is none.

    One that has trained precedes those that took the training from the cache. It need not be the
    run of one of several seeds. The serving version, which the gate compared the model with, does
    not count: no figure of the table depends on it.
    """
    same = [run for run in runs if run.inputs == plan.inputs and has_result(plan.root, run)]
    trained = (run for run in same if run.step("Trainer").state == "done")
    return next(trained, same[0] if same else None)


def _link(root: Path, runs: Sequence[Run]) -> None:
    """Writes the reports of runs again, which name the other seeds."""
    for run in runs:
        if kept_report(root, run) is None:
            refresh_pages(root, run)
