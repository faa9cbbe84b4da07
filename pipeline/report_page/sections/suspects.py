"""The section Label suspects: images whose labels the model doubts, and how to correct them."""

import os
from pathlib import Path
from typing import Any

from components.predictions.table import EXTRA
from data.common.errors import UsageError
from data.importing.import_file import ImportFile, read_import
from pipeline.history.run import Run
from pipeline.report_page.figures import percent
from pipeline.report_page.label_suspects import Suspect, find_suspects, write_suspects
from pipeline.report_page.sections.base import MOST_PICTURES, Section
from pipeline.report_page.sources import Predictions, ReportSources
from pipeline.reporting.import_command import format_import_command

# In the folder of the run in the history.
SUSPECTS_FILE = "label_suspects.csv"


def build(sources: ReportSources) -> Section:
    """Returns the section, and writes the CSV of all suspects."""
    found = [sources.predictions(split) for split in sources.suspect_splits]
    predictions = [some for some in found if some]
    section = Section(
        "suspects",
        "Label suspects",
        "Images whose label the model contradicts most, worst first: either the label is wrong, or "
        "the image is hard for the model. Only a person can tell.",
        "suspects.html.j2",
    )
    if not predictions:
        why = sources.why_missing("Predictions", "predictions")
        missing = f"There are no predictions to compare the labels with: {why}."
        return section.without(missing)
    suspects = find_suspects(predictions)
    content = {
        "images": " and ".join(f"{len(some):,} {_kind(some)}" for some in predictions),
        "accuracy": _accuracy(predictions),
        "number": len(suspects),
        "own_splits": EXTRA not in sources.suspect_splits,
        "pictures": [_picture(item, sources) for item in suspects[:MOST_PICTURES]],
        **_corrections(suspects, sources),
    }
    return section.with_content(**content)


def _kind(predictions: Predictions) -> str:
    return "images" if predictions.split == EXTRA else f"{predictions.split} images"


def _accuracy(predictions: list[Predictions]) -> str:
    right = sum(int(some.correct.sum()) for some in predictions)
    return percent(right / max(sum(map(len, predictions)), 1))


def _picture(item: Suspect, sources: ReportSources) -> dict[str, Any]:
    names = sources.class_names
    return {
        "picture": sources.thumbnails.request(item.split, item.record_id),
        "label": names[item.label],
        "label_probability": percent(item.score),
        "suggested": names[item.suggested],
        "suggested_probability": percent(item.suggested_probability),
        "file": item.source or f"{item.split} record {item.record_id}",
        "split": item.split,
    }


def _corrections(suspects: list[Suspect], sources: ReportSources) -> dict[str, Any]:
    """Writes the CSV, and returns what the section says about it."""
    named = sum(bool(item.source) for item in suspects)
    file = f"{sources.shown_folder}/{SUSPECTS_FILE}"
    written = bool(named) and write_suspects(
        suspects, sources.class_names, sources.folder / SUSPECTS_FILE
    )
    records, done = _find_import(sources.run)
    return {
        "named": named,
        "file": file,
        "written": written,
        "command": format_import_command(
            # An import reads local files: one in a bucket is to be fetched first.
            records,
            done,
            SUSPECTS_FILE if "://" in file else file,
        ),
        "repeats_import": done is not None and bool(done.origin.source),
        "spans": len(sources.run.spans),
    }


def _find_import(run: Run) -> tuple[Path, ImportFile | None]:
    """Returns the folder of the run's records, and what an import noted there, if it is known."""
    folders = {os.path.dirname(pattern) for pattern in run.records_location.split(", ")}
    folder = Path(min(folders))
    # Runs of earlier versions did not always note where their records are.
    if len(folders) > 1 or not run.records_location:
        return folder, None
    try:
        return folder, read_import(folder)
    except UsageError:
        return folder, None
