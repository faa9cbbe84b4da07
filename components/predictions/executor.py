"""The executor of Predictions: asks the exported model, and writes its answers to tables."""

import heapq
import json
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import read_counts, write_json
from components.example_gen.checks import RecordRules
from components.history_files import history_folder, refuse_data
from components.image_hashes import find_seen, read_seen
from components.predictions.changes import CHANGES, changed_records
from components.predictions.elsewhere import locate_records, write_extra
from components.predictions.records import RecordBatch, read_split
from components.predictions.served_model import ServedModel
from components.predictions.table import (
    CHANGED,
    CHANGED_FILE,
    EXTRA,
    LEFT_OUT_FILE,
    PREDICTIONS,
    PREDICTIONS_FILE,
    Write,
    table_writer,
)
from data.common.progress import progress
from data.features import feature_names
from data.ingestion_counts import check_examples
from data.sources import is_data_file

# The splits whose images the training does not learn from; what the gate judges comes first.
SPLITS = ("test", "eval")
# Test images that are changed; more would hardly narrow the interval of the accuracy.
MAX_CHANGED = 1000
_MOST_REASONS = 10


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
        path = path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"]))
        model = ServedModel(path)
        ids: dict[str, list[str]] = {}
        with table_writer(folder, PREDICTIONS_FILE, PREDICTIONS, model.class_names) as write:
            for split in SPLITS:
                ids[split] = predict_split(examples, split, model, write, counts[split])
            if patterns := json.loads(exec_properties["extra_patterns"]):
                self._predict_extra(patterns, exec_properties, model, path, folder, write)
        check_examples("Predictions", {split: len(ids[split]) for split in SPLITS}, counts)
        if exec_properties["robustness"]:
            with table_writer(folder, CHANGED_FILE, CHANGED, model.class_names) as write:
                predict_changed(examples, "test", ids["test"], model, write)

    def _predict_extra(
        self,
        patterns: Sequence[str],
        exec_properties: dict[str, Any],
        model: ServedModel,
        path: str,
        output: str,
        write: Write,
    ) -> None:
        """Writes the predictions for the images of `gate.extra_data`, and what is left out.

        Raises:
          DataRefused: No image can be used.
        """
        rules = RecordRules(
            class_names=model.class_names,
            max_pixels=exec_properties["max_pixels"],
            features=feature_names(json.loads(exec_properties["features"])),
        )
        files = sorted(file for p in patterns for file in tf.io.gfile.glob(p) if is_data_file(file))
        seen = read_seen(path)
        if seen is None:
            raise RuntimeError(f"{path} does not record which images the model has seen")
        with tempfile.TemporaryDirectory() as folder:
            left_out = write_extra(locate_records(files), rules, folder)
            ids = predict_split(folder, EXTRA, model, write, 0, seen)
        write_json([item._asdict() for item in left_out], output, LEFT_OUT_FILE)
        if not ids:
            reasons = [f"gate.extra_data: no image of {', '.join(patterns)} can be used"]
            reasons += [f"{item.origin}: {item.reason}" for item in left_out[:_MOST_REASONS]]
            history = history_folder(output, self._context and self._context.pipeline_run_id)
            refuse_data(reasons, "Predictions", history)


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
      total: The expected number of examples, for the progress; 0 if it is not known.
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
    if total:
        fraction = {"fraction": min(1.0, done / total)}
        progress.debug("classifying %s: %d of %d", what, done, total, extra=fraction)
    else:
        progress.debug("classifying %s: %d", what, done)
