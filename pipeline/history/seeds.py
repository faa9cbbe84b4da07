"""The results of trainings that differ only in their seed, and their spread."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from components.gate.verdict import METRICS_FILE
from pipeline.history.run import Run
from pipeline.history.runs import History

SEED = "trainer.seed"
# The figures of a SeedResult that have a spread, in the order of the table.
FIGURES = ("eval_accuracy", "last_epochs_accuracy", "test_accuracy", "robustness", "seconds")

# What each seed runs; the steps before are those of the first one.
_TIMED = ("Trainer", "Evaluator", "Predictions", "Gate")


class SeedResult(BaseModel):
    """What a seed brought.

    Attributes:
      seed: The seed.
      run_id: The run.
      best_epoch: The number of the chosen epoch.
      eval_accuracy: Its accuracy on eval.
      last_epochs_accuracy: The mean accuracy of the last five epochs on eval; null of fewer epochs.
      test_accuracy: The accuracy on test.
      n: The number of test examples.
      robustness: The mean of the accuracies on the changed test images; null without them.
      seconds: The time of the steps from the Trainer to the gate; null if the run took the training
        from the cache or resumed it, so that it does not know the time of all of it.
      reached_target: Whether the model reaches `gate.target`.
    """

    seed: int
    run_id: str
    best_epoch: int
    eval_accuracy: float
    last_epochs_accuracy: float | None
    test_accuracy: float
    n: int
    robustness: float | None
    seconds: float | None
    reached_target: bool


class Spread(BaseModel):
    """The spread of a figure over the seeds.

    Attributes:
      mean: The mean.
      deviation: The standard deviation of a sample, with n - 1; null of one seed.
      low, high: The smallest and the largest value.
    """

    mean: float
    deviation: float | None
    low: float
    high: float


class SeedTable(BaseModel):
    """The results of several seeds.

    Attributes:
      requested: The seeds that were asked for; fewer have a result if a run failed.
      seeds: The results.
      spread: The spread of each of FIGURES that every result has.
    """

    requested: list[int]
    seeds: list[SeedResult]
    spread: dict[str, Spread]


def seed_table(requested: Sequence[int], results: Sequence[SeedResult]) -> SeedTable:
    """Returns the results of seeds with their spread."""
    columns = {name: [getattr(result, name) for result in results] for name in FIGURES}
    spread = {
        name: _spread(values) for name, values in columns.items() if values and None not in values
    }
    return SeedTable(requested=list(requested), seeds=list(results), spread=spread)


def has_result(root: Path, run: Run) -> bool:
    """Returns whether a run got as far as the gate, so that it has the figures of a SeedResult."""
    return bool(run.training and run.verdict) and _metrics_file(root, run).exists()


def seed_result(root: Path, run: Run) -> SeedResult:
    """Returns the result of a run for which `has_result` is true."""
    assert run.training
    assert run.verdict
    metrics: dict[str, Any] = json.loads(_metrics_file(root, run).read_text(encoding="utf-8"))
    whole = run.step("Trainer").state == "done" and not run.training.resumed_at
    changed = list(run.robustness.values())
    return SeedResult(
        seed=run.setting(SEED),
        run_id=run.run_id,
        best_epoch=run.training.best_epoch,
        eval_accuracy=run.training.eval_accuracy,
        last_epochs_accuracy=run.training.last_epochs_accuracy,
        test_accuracy=metrics["accuracy"],
        n=metrics["examples"],
        robustness=statistics.fmean(changed) if changed else None,
        seconds=sum(run.step(name).seconds for name in _TIMED) if whole else None,
        reached_target=all(check.passed for check in run.verdict.checks if check.name == "target"),
    )


def other_seeds(run: Run, runs: Sequence[Run]) -> list[Run]:
    """Returns the runs that differ from a run in nothing but their seed, and reached a verdict.

    Of several runs of a seed it is the newest; they are in the order of their seeds.

    Args:
      run: The run.
      runs: The runs of the root, newest first.
    """
    ours = _without_seed(run)
    found: dict[int, Run] = {}
    for other in runs:
        seed = other.setting(SEED)
        if other.verdict and seed != run.setting(SEED) and _without_seed(other) == ours:
            found.setdefault(seed, other)
    return [found[seed] for seed in sorted(found)]


def _without_seed(run: Run) -> dict[str, Any]:
    return {key: value for key, value in run.inputs.items() if key != SEED}


def _metrics_file(root: Path, run: Run) -> Path:
    return History(root).folder(run.run_id) / METRICS_FILE


def _spread(values: Sequence[float]) -> Spread:
    deviation = statistics.stdev(values) if len(values) > 1 else None
    mean, low, high = statistics.fmean(values), min(values), max(values)
    return Spread(mean=mean, deviation=deviation, low=low, high=high)
