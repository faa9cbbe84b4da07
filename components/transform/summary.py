"""Transform's summary."""

import os

from components.artifacts import gfile
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the number and the size of the transformed images."""
    files = gfile().glob(os.path.join(uri_of(outputs, "transformed_examples"), "*", "*.gz"))
    size = sum(gfile().stat(file).length for file in files)
    images = run.examples["train"] + run.examples["eval"]
    side = run.settings["transform"]["image_size"]
    return StepSummary(f"{images} images of {side} x {side}, {size / images / 1000:.1f} kB each")
