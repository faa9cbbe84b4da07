"""The summary of finished Predictions."""

from components.artifacts import read_json
from components.predictions.changes import CHANGES
from components.predictions.table import EXTRA, LEFT_OUT_FILE, read_changed, read_predictions
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the numbers of images that were classified."""
    folder = uri_of(outputs, "predictions")
    splits = read_predictions(folder, ["split"])["split"].to_pylist()
    text = f"{splits.count('test')} test and {splits.count('eval')} eval images"
    if extra := splits.count(EXTRA):
        left_out = len(read_json(folder, LEFT_OUT_FILE))
        text += f", {extra} of gate.extra_data{f' ({left_out} left out)' if left_out else ''}"
    changed = read_changed(folder, ["id"])
    if changed is not None:
        text += f"; {changed.num_rows // len(CHANGES)} test images with {len(CHANGES)} changes"
    return StepSummary(text)
