"""The evaluation of a run as files in its history: JSON, CSV and plots."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from components.gate.verdict import METRICS_FILE
from data.common.files import write_whole
from pipeline.reporting.plots import draw_calibration, draw_confusion


def write_evaluation(metrics: dict[str, Any], folder: Path) -> list[str]:
    """Writes `metrics.json`, `classes.csv`, `confusion.csv`, `confusion.png`, `calibration.png`.

    Args:
      metrics: The metrics, see `components.gate.metrics.Tally.metrics`.
      folder: The folder of the run in the history.

    Returns:
      A line for each picture that is missing, see `pipeline.reporting.pictures`.
    """
    write_whole(folder / METRICS_FILE, json.dumps(metrics, indent=2) + "\n")
    names = metrics["class_names"]
    rows = [
        [name, c["examples"], c["precision"], c["recall"], *c["recall_interval"], c["f1"]]
        for name, c in metrics["classes"].items()
    ]
    header = ["class", "examples", "precision", "recall", "recall_low", "recall_high", "f1"]
    _write_csv(folder / "classes.csv", header, rows)
    confusion = ([name, *row] for name, row in zip(names, metrics["confusion"], strict=True))
    _write_csv(folder / "confusion.csv", ["true class, and predicted as", *names], confusion)
    problems = (
        draw_confusion(metrics, folder / "confusion.png"),
        draw_calibration(metrics, folder / "calibration.png"),
    )
    return [problem for problem in problems if problem]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
