"""The Trainer's summary."""

from components.summary import Outputs, RunFacts, StepSummary, uri_of
from components.trainer.training_report import LAST_EPOCHS, read_report


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the best epoch and the speed of a training."""
    report = read_report(uri_of(outputs, "model_run"))
    start = f"from version {run.warm_start.version}: " if run.warm_start else ""
    epochs = ", ".join(map(str, report.resumed_at))
    resumed = f", resumed at epoch {epochs}" if epochs else ""
    mean = report.last_epochs_accuracy
    last = "" if mean is None else f" (mean of the last {LAST_EPOCHS}: {mean:.3f})"
    text = (
        f"{start}best epoch {report.best_epoch} of {len(report.epochs)}, "
        f"eval accuracy {report.eval_accuracy:.3f}{last}, {report.images_per_second:.0f} images/s, "
        f"first step {report.first_step_seconds:.1f} s{resumed}"
    )
    return StepSummary(text, {"model_uri": uri_of(outputs, "model"), "training": report})
