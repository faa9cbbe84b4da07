"""The executor of Predictions: asks the exported model, and writes its answers to tables."""

import heapq
from collections.abc import Sequence
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import read_counts
from components.predictions.changes import CHANGES, changed_records
from components.predictions.records import RecordBatch, read_split
from components.predictions.served_model import ServedModel
from components.predictions.table import (
    CHANGED,
    CHANGED_FILE,
    PREDICTIONS,
    PREDICTIONS_FILE,
    Write,
    table_writer,
)
from data.common.progress import progress
from data.ingestion_counts import check_examples

# The splits whose images the training does not learn from; what the gate judges comes first.
SPLITS = ("test", "eval")
# Test images that are changed; more would hardly narrow the interval of the accuracy.
MAX_CHANGED = 1000


class Executor(BaseExecutor):
    """Classifies images through the serving signature."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the tables, see `components.predictions.component`.

        Raises:
          CountMismatch: A split has another number of examples than ExampleGen wrote.
        """
        examples = artifact_utils.get_single_uri(input_dict["examples"])
        counts = read_counts(artifact_utils.get_single_uri(input_dict["quarantine"])).by_split()
        folder = artifact_utils.get_single_uri(output_dict["predictions"])
        model = ServedModel(
            path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"]))
        )
        ids: dict[str, list[str]] = {}
        with table_writer(folder, PREDICTIONS_FILE, PREDICTIONS, model.class_names) as write:
            for split in SPLITS:
                ids[split] = predict_split(examples, split, model, write, counts[split])
        check_examples("Predictions", {split: len(ids[split]) for split in SPLITS}, counts)
        if exec_properties["robustness"]:
            chosen = heapq.nsmallest(MAX_CHANGED, set(ids["test"]))
            with table_writer(folder, CHANGED_FILE, CHANGED, model.class_names) as write:
                predict_changed(examples, chosen, model, write)


def predict_split(
    examples: str, split: str, model: ServedModel, write: Write, total: int
) -> list[str]:
    """Writes the predictions for a split, and returns the ids of its examples.

    Args:
      examples: URI of the examples.
      split: The name of the split.
      model: The model.
      write: Writes rows of PREDICTIONS.
      total: The expected number of examples, for the progress.
    """
    ids: list[str] = []
    for batch in read_split(examples, split):
        write({"split": [split] * len(batch.records), **_describe(batch, model)})
        ids += batch.ids
        _show(f"{split} images", len(ids), total)
    return ids


def predict_changed(examples: str, chosen: Sequence[str], model: ServedModel, write: Write) -> None:
    """Writes the predictions for the changed images of some test examples.

    Args:
      examples: URI of the examples.
      chosen: The ids of the test examples.
      model: The model.
      write: Writes rows of CHANGED.
    """
    wanted = set(chosen)
    for whole in read_split(examples, "test"):
        # Identical records have the same id; one of them is enough.
        records = {i: r for i, r in zip(whole.ids, whole.records, strict=True) if i in wanted}
        wanted -= records.keys()
        batch = RecordBatch(list(records.values()))
        for change, changed in changed_records(batch) if records else ():
            columns = {"id": batch.ids, "class": batch.classes}
            probabilities = list(model.probabilities(changed))
            write({"change": [change] * len(changed), **columns, "probabilities": probabilities})
        done = len(chosen) - len(wanted)
        _show(f"test images with {len(CHANGES)} changes", done, len(chosen))


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
