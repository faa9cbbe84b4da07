"""The comparison of two runs: what differs between them, and what came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from components.gate.metrics import macro_interval
from components.intervals import wilson_interval
from data.common.formatting import format_duration
from pipeline.history.run import Run
from pipeline.report_page.differences import (
    code_differences,
    data_differences,
    settings_differences,
)
from pipeline.report_page.pairs import Estimate, Pair
from pipeline.report_page.shared_images import (
    Answers,
    ClassScore,
    SharedImages,
    class_scores,
    compare_images,
)
from pipeline.report_page.sources import ReportSources


@dataclass(frozen=True)
class Comparison:
    """Two runs, A and B.

    Attributes:
      facts: What is known of each run: its id, how it ended, its network, how long it took.
      settings: The settings that differ.
      data: What differs in the data.
      code: The steps whose code differs, and the libraries that differ.
      metrics: The metrics, each measured on the run's own test split.
      own_classes: The scores on each class, each measured on the run's own test split.
      shared: The models on the test images of both runs; None if that is unknown.
      missing: What could not be compared and why, in sentences.
    """

    facts: list[Pair[Any]]
    settings: list[Pair[Any]]
    data: list[Pair[Any]]
    code: list[Pair[Any]]
    metrics: list[Pair[Estimate]]
    own_classes: list[Pair[ClassScore]]
    shared: SharedImages | None
    missing: list[str]

    @property
    def classes(self) -> list[Pair[ClassScore]]:
        """The scores on each class, on the shared images if there are any: that is fairer."""
        return self.shared.classes if self.shared and self.shared.images else self.own_classes

    def to_json(self) -> dict[str, Any]:
        """Returns the comparison as plain values."""
        return asdict(self)


def compare_runs(root: Path, a: Run, b: Run) -> Comparison:
    """Compares two runs of a root as far as their files are there."""
    sources = ReportSources(root, a), ReportSources(root, b)
    metrics_a, metrics_b = (source.metrics or {} for source in sources)
    return Comparison(
        facts=_pairs(_facts(a), _facts(b)),
        settings=settings_differences(a, b),
        data=data_differences(a, b),
        code=code_differences(a, b),
        metrics=_pairs(_estimates(metrics_a), _estimates(metrics_b)),
        own_classes=_pairs(_own_scores(metrics_a), _own_scores(metrics_b)),
        shared=_shared_images(*sources),
        missing=[line for source in sources for line in _missing(source)],
    )


def _missing(source: ReportSources) -> Iterator[str]:
    run_id = source.run.run_id
    if source.metrics is None:
        yield f"Run {run_id} has no metrics: it ended before the gate ({source.run.state})."
    elif source.test is None:
        why = source.why_missing("Predictions", "predictions")
        yield f"Run {run_id} has no predictions, so single images are not compared: {why}."


def _shared_images(a: ReportSources, b: ReportSources) -> SharedImages | None:
    if a.test is None or b.test is None:
        return None
    answers_a, answers_b = Answers.of(a.test, a.class_names), Answers.of(b.test, b.class_names)
    return compare_images(answers_a, answers_b, a.class_names, b.class_names)


def _facts(run: Run) -> dict[str, Any]:
    """Returns how a run ended and what it took, by name."""
    facts: dict[str, Any] = {
        "run": run.run_id,
        "state": run.state,
        "version": _version(run),
        "config": run.config,
        "network": run.model,
        "digest of the model": run.verdict.digest[:12] if run.verdict else None,
        "took": format_duration(run.seconds),
    }
    if run.warm_start:
        facts["started from the weights of version"] = run.warm_start.version
    if run.training:
        facts["best epoch"] = f"{run.training.best_epoch} of {len(run.training.epochs)}"
        facts["training speed"] = f"{run.training.images_per_second:.0f} images/s"
    if run.serving_check:
        facts["size of the model"] = f"{run.serving_check.megabytes:.1f} MB"
    return facts


def _version(run: Run) -> str | None:
    """Returns the version of a run's model, and what became of it."""
    if run.version:
        return f"{run.version}, promoted" if run.promoted else str(run.version)
    return f"{run.withdrawn}, withdrawn" if run.withdrawn else None


def _estimates(metrics: Mapping[str, Any]) -> dict[str, Estimate]:
    """Returns the values of a `metrics.json` with their intervals, by name."""
    if not metrics:
        return {}
    n, top = metrics["examples"], metrics["top_k_accuracy"]
    confusion = np.array(metrics["confusion"])
    macro = {
        f"mean {words} of the classes": Estimate(
            metrics["macro"][name], *macro_interval(confusion, name)
        )
        for name, words in (("recall", "recall"), ("f1", "F1"))
    }
    return {
        "accuracy": Estimate(metrics["accuracy"], *metrics["accuracy_interval"]),
        f"top-{top['k']} accuracy": Estimate(
            top["value"], *wilson_interval(round(top["value"] * n), n)
        ),
        **macro,
        "log loss, lower is better": Estimate(metrics["log_loss"], is_share=False),
        "calibration error, lower is better": Estimate(metrics["calibration"]["error"]),
    }


def _own_scores(metrics: Mapping[str, Any]) -> dict[str, ClassScore]:
    """Returns the scores on each class of a `metrics.json`, by name."""
    if not metrics:
        return {}
    return class_scores(np.array(metrics["confusion"]), metrics["class_names"])


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Pair[Any]]:
    return [Pair(name, a.get(name), b.get(name)) for name in {**a, **b}]
