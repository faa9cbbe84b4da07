"""The executor of Predictions: asks the exported model, and writes its answers to tables."""

import json
import tempfile
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import read_counts, write_json
from components.example_gen.checks import RecordRules
from components.history_files import history_folder, refuse_data
from components.image_hashes import read_seen
from components.predictions.classify import predict_changed, predict_split
from components.predictions.elsewhere import explain_unusable, locate_records, write_extra
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
from data.features import feature_names
from data.ingestion_counts import check_examples
from data.sources import is_data_file

# The splits whose images the training does not learn from; what the gate judges comes first.
SPLITS = ("test", "eval")


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
            written, left_out = write_extra(locate_records(files), rules, folder)
            predict_split(folder, EXTRA, model, write, written, seen)
        write_json([item._asdict() for item in left_out], output, LEFT_OUT_FILE)
        if not written:
            problem, *reasons = explain_unusable(", ".join(patterns), left_out)
            history = history_folder(output, self._context.pipeline_run_id)
            refuse_data([f"gate.extra_data: {problem}", *reasons], "Predictions", history)
