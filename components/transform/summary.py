"""Transform's summary."""

from pathlib import Path

from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the number and the size of the transformed images."""
    folder = Path(uri_of(outputs, "transformed_examples"))
    size = sum(file.stat().st_size for file in folder.rglob("*.gz"))
    images = run.examples["train"] + run.examples["eval"]
    side = run.settings["transform"]["image_size"]
    return StepSummary(f"{images} images of {side} x {side}, {size / images / 1000:.1f} kB each")
