"""Asks a model for the images of a split, as they are and changed, and writes its answers."""

import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np

from components.image_hashes import find_seen
from components.predictions.changes import CHANGES, changed_records
from components.predictions.records import RecordBatch, read_split
from components.predictions.served_model import ServedModel
from components.predictions.table import Write
from data.common.progress import progress

# Images that are changed; more would hardly narrow the interval of the accuracy.
MAX_CHANGED = 1000


def predict_split(
    examples: str,
    split: str,
    model: ServedModel,
    write: Write,
    total: int,
    seen: np.ndarray | None = None,
) -> list[str]:
    """Writes the predictions for a split, and returns the ids of its examples.

    Args:
      examples: URI of the examples.
      split: The name of the split.
      model: The model.
      write: Writes rows of PREDICTIONS.
      total: The expected number of examples, for the progress.
      seen: The hashes of the images that the model has seen; None for splits of its own data.
    """
    ids: list[str] = []
    for batch in read_split(examples, split):
        columns = _describe(batch, model)
        if seen is not None:
            columns["seen"] = find_seen(columns["hash"], seen)
        write({"split": [split] * len(batch.records), **columns})
        ids += batch.ids
        _show(f"{split} images", len(ids), total)
    return ids


def predict_changed(
    examples: str, split: str, ids: Sequence[str], model: ServedModel, write: Write
) -> None:
    """Writes the predictions for changed images of a split, at most MAX_CHANGED of them.

    Args:
      examples: URI of the examples.
      split: The name of the split.
      ids: The ids of its examples. The lowest are chosen, whatever their order.
      model: The model.
      write: Writes rows of CHANGED.
    """
    chosen = heapq.nsmallest(MAX_CHANGED, set(ids))
    wanted = set(chosen)
    for whole in read_split(examples, split):
        # Identical records have the same id; one of them is enough.
        records = {i: r for i, r in zip(whole.ids, whole.records, strict=True) if i in wanted}
        wanted -= records.keys()
        batch = RecordBatch(list(records.values()))
        for change, changed in changed_records(batch) if records else ():
            columns = {"id": batch.ids, "class": batch.classes}
            probabilities = list(model.probabilities(changed))
            write({"change": [change] * len(changed), **columns, "probabilities": probabilities})
        done = len(chosen) - len(wanted)
        _show(f"{split} images with {len(CHANGES)} changes", done, len(chosen))


def _describe(batch: RecordBatch, model: ServedModel) -> dict[str, Any]:
    return {
        "id": batch.ids,
        "hash": batch.hashes,
        "source": batch.sources,
        "class": batch.classes,
        "probabilities": list(model.probabilities(batch.records)),
    }


def _show(what: str, done: int, total: int) -> None:
    fraction = {"fraction": min(1.0, done / max(total, 1))}
    progress.debug("classifying %s: %d of %d", what, done, total, extra=fraction)
