"""The history entry of a toy run, see `toy_run.py`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.gate.metrics import Tally
from components.gate.verdict import Baseline, Check, Verdict
from components.serving_check.result import ServingCheckResult
from components.trainer.settings import WarmStart
from components.trainer.training_report import TrainingReport
from pipeline.history.run import Run, Step
from pipeline.settings.settings import Settings
from pipeline.steps import STEPS


def make_run(
    run_id: str,
    class_names: Sequence[str],
    images: dict[str, int],
    tally: Tally,
    baseline: bool,
    outputs_folder: Path,
    **others: Any,
) -> Run:
    """Returns a run that pushed version 2; `others` are further or other fields of it."""
    outputs = {
        "ExampleGen": "examples", "Predictions": "predictions", "Gate": "blessing",
    }  # fmt: skip
    names = [*STEPS]
    fields: dict[str, Any] = {
        "run_id": run_id, "pipeline_run_id": run_id, "state": "pushed", "seconds": 124.5,
        "started": "2026-11-27T12:00:00+00:00", "config": "quickstart", "model": "squeezenet",
        "settings": Settings().model_dump(mode="json"), "class_names": list(class_names),
        "inputs": {
            "records": "photos 0123", "code of Trainer": "4f1c0a", "data.split_salt": "",
            "libraries of Trainer": "numpy 1.26.4, tensorflow 2.16.2, tfx 1.16.0",
        },
        "files": [f"flowers{i:02d}-10.tfrec" for i in range(12)], "spans": ["span-3"],
        "records_location": "photos/<b>records</b>", "records_fingerprint": "0123456789abcdef",
        "examples": {**images, "quarantined": 0},
        "classes": {split: _counts(class_names, number) for split, number in images.items()},
        "steps": [Step(name=name, state="done", seconds=2.5 * i) for i, name in enumerate(names)],
        "verdict": _verdict(tally, baseline), "baseline": int(baseline), "pushed": 2,
        "training": _training(), "serving_check": _serving_check(), "digest": "feedbeef",
        "warm_start": WarmStart(
            version=1, run_id="20261126-120000", weights="w.h5", digest="1", frozen=False,
            class_names=list(class_names),
        ),
        "artifacts": {
            step: {key: str(outputs_folder / step / key / run_id)} for step, key in outputs.items()
        },
    }  # fmt: skip
    return Run(**{**fields, **others})


def _counts(class_names: Sequence[str], images: int) -> dict[str, int]:
    counts = dict.fromkeys(class_names, 0)
    for index in range(images):
        counts[class_names[index % len(class_names)]] += 1
    return counts


def _verdict(tally: Tally, compared: bool) -> Any:
    metrics = tally.metrics()
    (low, high), value, n = metrics["accuracy_interval"], metrics["accuracy"], tally.examples
    checks = [
        Check("min_examples", True, f"{n} test images, and min_examples is 20"),
        Check("target", True, f"accuracy {value:.4f} reaches the target 0.6000"),
    ]
    baseline = None
    if compared and tally.compared:
        share = tally.baseline_correct / tally.compared
        baseline = Baseline(1, share, tally.gained, tally.lost, 0.146, tally.compared)
    verdict = Verdict(
        True, "accuracy", value, low, high, 0.6, n, [], checks=checks, baseline=baseline,
        digest="feedbeef",
    )  # fmt: skip
    return asdict(verdict)


def _training() -> TrainingReport:
    epochs = [
        {
            "loss": 1.6 / k, "accuracy": 1 - 0.7 / k, "val_loss": 1.7 / k + 0.02 * k,
            "val_accuracy": 0.9 - 0.6 / k, "learning_rate": 0.01 / k, "images_per_second": 80.0,
        }
        for k in range(1, 9)
    ]  # fmt: skip
    return TrainingReport(
        "CPU, 2 cores", "", 1, 30, 20, first_step_seconds=3.2, images_per_second=81.0,
        best_epoch=7, eval_accuracy=0.81, last_epochs_accuracy=0.793, epochs=epochs,
    )  # fmt: skip


def _serving_check() -> ServingCheckResult:
    times = {"p50": 8.1, "p99": 11.7, "batch_p50": 90.4}
    return ServingCheckResult(
        [], 3.1, 1.4, 412.0, 1e-7, {"serving_default": times, "serving_bytes": times},
        {"serving_bytes": {"real/0": "rose 0.912"}}, {"cores": 2, "tensorflow": "2.16.2"},
    )  # fmt: skip
