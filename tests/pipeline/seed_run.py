"""The history entry of a seed that reached the gate, made without TFX."""

import json
from pathlib import Path
from typing import Any

from components.gate.verdict import Check, Verdict
from components.trainer.training_report import TrainingReport
from pipeline.history.run import Run, Step
from pipeline.history.runs import History
from pipeline.steps import STEPS

_SECONDS = {"Trainer": 40.0, "Evaluator": 8.0, "Predictions": 2.0, "Gate": 1.0}


def write_seed_run(root: Path, run: Run, accuracy: float = 0.8, **training: Any) -> Run:
    """Completes a run with figures that are derived from an accuracy, and saves it."""
    run.state = "stopped"
    run.steps = [Step(name=n, state="done", seconds=_SECONDS.get(n, 5.0)) for n in [*STEPS][:-2]]
    report = {"best_epoch": 3, "eval_accuracy": accuracy + 0.05, "last_epochs_accuracy": accuracy}
    run.training = TrainingReport("CPU", "", 1, 30, 20, **{**report, **training})
    run.robustness = {"blurred": accuracy - 0.1, "30 % darker": accuracy - 0.3}
    target = Check("target", accuracy >= 0.8, "")
    run.verdict = Verdict(
        accuracy >= 0.8, "accuracy", accuracy, accuracy - 0.1, 1.0, 0.8, 50, [], checks=[target]
    )
    folder = History(root).folder(run.run_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps({"accuracy": accuracy, "examples": 50}))
    History(root).save(run)
    return run


def seed_run(root: Path, seed: int, accuracy: float = 0.8, **fields: Any) -> Run:
    """Writes a run of a seed with inputs of its own, see `write_seed_run`."""
    values = {
        "run_id": f"20261128-00000{seed}", "started": f"2026-11-28T00:00:0{seed}+00:00",
        "state": "stopped", "config": "quickstart", "model": "squeezenet", "seeds": "0..2",
        "settings": {"trainer": {"seed": seed}}, "inputs": {"trainer.seed": seed, "records": "r"},
    }  # fmt: skip
    return write_seed_run(root, Run(**{**values, **fields}), accuracy)
