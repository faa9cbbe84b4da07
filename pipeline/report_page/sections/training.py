"""The section Training: the curves of the training, its start, its speed and its device."""

import base64
import math
from pathlib import Path

from markupsafe import Markup

from components.trainer.settings import WarmStart
from components.trainer.training_report import AUGMENTED_FILE, LAST_EPOCHS, TrainingReport
from data.common.formatting import format_duration, format_list
from pipeline.report_page.charts import curves
from pipeline.report_page.figures import percent
from pipeline.report_page.sections.base import Section
from pipeline.report_page.sources import ReportSources

_ALT = "Training images in rows: at the left as they are, then after random changes"


def build(sources: ReportSources) -> Section:
    """Returns the section; if the training did not end, it says so."""
    section = Section(
        "training",
        "Training",
        "How the network learned, epoch by epoch; an epoch is one pass over the training images. "
        "The weights of the epoch that is best on the eval images, the dashed line, are kept.",
        "training.html.j2",
    )
    report = sources.run.training
    if report is None:
        return section.without(
            "There is nothing to show: the step Trainer did not finish in this run."
        )
    return section.with_content(
        facts=_facts(report, sources.run.warm_start, sources.run.model),
        charts=_charts(report) if report.epochs else [],
        augmented=_augmented(sources.folder / AUGMENTED_FILE),
    )


def _facts(report: TrainingReport, start: WarmStart | None, network: str) -> dict[str, str]:
    """Returns what there is to say about a training, by its name."""
    origin = f"the weights of version {start.version}, of run {start.run_id}" if start else ""
    facts = {
        "Network": network,
        "Started from": origin or "no earlier model of this root (a cold start)",
        "Chosen epoch": _chosen_epoch(report),
        "Training images": f"{report.train_examples:,} in each epoch",
        "Speed": f"{report.images_per_second:,.0f} images a second in the fastest epoch; first "
        f"step after {format_duration(report.first_step_seconds)}",
        "Device": report.device + (f", {report.replicas} replicas" if report.replicas > 1 else ""),
    }
    if report.resumed_at:
        epochs = format_list([str(epoch) for epoch in report.resumed_at])
        facts["Interrupted"] = f"resumed at epoch {epochs}"
    diverged = [str(n) for n, epoch in enumerate(report.epochs, 1) if not _is_finite(epoch)]
    if diverged:
        facts["Diverged"] = (
            f"in epoch {format_list(diverged)} a loss was infinite or not a number, which the "
            "curves leave out; a lower trainer.learning_rate.peak may help"
        )
    return facts


def _augmented(file: Path) -> Markup | None:
    """Returns the picture of augmented images; None if the training was of an earlier version."""
    if not file.exists():
        return None
    content = base64.b64encode(file.read_bytes()).decode()
    return Markup('<img class="figure" src="data:image/jpeg;base64,{}" alt="{}">').format(
        content, _ALT
    )


def _chosen_epoch(report: TrainingReport) -> str:
    mean = report.last_epochs_accuracy
    last = "" if mean is None else f"; the last {LAST_EPOCHS} epochs have a mean of {percent(mean)}"
    return (
        f"{report.best_epoch} of {len(report.epochs)}, with accuracy "
        f"{percent(report.eval_accuracy)} on {report.eval_examples:,} eval images{last}"
    )


def _charts(report: TrainingReport) -> list[tuple[str, Markup]]:
    """Returns the title and the curves of each chart."""
    best, mark = report.best_epoch, f"epoch {report.best_epoch}, chosen"
    charts = {
        "Accuracy": ({"train": "accuracy", "eval": "val_accuracy"}, _whole_percent),
        "Loss (smaller is better)": ({"train": "loss", "eval": "val_loss"}, _short),
        "Learning rate": ({"last step of the epoch": "learning_rate"}, _short),
        "Speed (images a second)": ({"training images": "images_per_second"}, _short),
    }
    return [
        (title, curves(f"{title} by epoch; {mark}", series, best, mark, format_value))
        for title, (keys, format_value) in charts.items()
        if (series := _series(report, keys))
    ]


def _series(report: TrainingReport, keys: dict[str, str]) -> dict[str, list[float]]:
    """Returns the values by epoch of the lines that every epoch has a value for."""
    series = {
        name: [epoch[key] for epoch in report.epochs]
        for name, key in keys.items()
        if all(key in epoch for epoch in report.epochs)
    }
    return {name: values for name, values in series.items() if any(map(math.isfinite, values))}


def _is_finite(epoch: dict[str, float]) -> bool:
    return all(map(math.isfinite, epoch.values()))


def _whole_percent(value: float) -> str:
    return percent(value, 0)


def _short(value: float) -> str:
    return f"{value:.3g}"
