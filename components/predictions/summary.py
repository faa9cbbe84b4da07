"""The summary of finished Predictions."""

import numpy as np
import pyarrow as pa

from components.artifacts import read_json
from components.predictions.changes import CHANGES
from components.predictions.table import EXTRA, LEFT_OUT_FILE, read_changed, read_predictions
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the numbers of images that were classified, and the accuracy by change."""
    folder = uri_of(outputs, "predictions")
    splits = read_predictions(folder, ["split"])["split"].to_pylist()
    text = f"{splits.count('test')} test and {splits.count('eval')} eval images"
    if extra := splits.count(EXTRA):
        left_out = len(read_json(folder, LEFT_OUT_FILE))
        text += f", {extra} of gate.extra_data{f' ({left_out} left out)' if left_out else ''}"
    changed = read_changed(folder)
    if changed is None:
        return StepSummary(text, {"robustness": {}})
    text += f"; {changed.num_rows // len(CHANGES)} test images with {len(CHANGES)} changes"
    robustness = _accuracy_by_change(changed)
    if robustness:
        text += f", mean accuracy {np.mean(list(robustness.values())):.3f}"
    return StepSummary(text, {"robustness": robustness})


def _accuracy_by_change(changed: pa.Table) -> dict[str, float]:
    """Returns the accuracy on the changed images by the name of the change."""
    if not changed.num_rows:
        return {}
    values = changed["probabilities"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    answers = values.reshape(changed.num_rows, -1).argmax(axis=1)
    correct = answers == changed["class"].to_numpy()
    names = np.array(changed["change"].to_pylist())
    return {
        name: float(correct[names == name].mean())
        for name in changed["change"].unique().to_pylist()
    }
