"""What the gate runs: asks the models, counts, judges, and writes verdict and blessing."""

import json
import os
from dataclasses import asdict, replace
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as evaluator_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import read_json, write_json, write_text
from components.evaluator.result import read_accuracy
from components.gate.judge import judge
from components.gate.metrics import METRICS_FILE, Tally
from components.gate.predictions import (
    PREDICTIONS_FILE,
    PredictionsWriter,
    ServedModel,
    predict,
)
from components.gate.settings import GateSettings
from components.gate.verdict import Verdict, format_verdict, parse_verdict
from components.model_store.bucket import model_digest
from components.properties import VERDICT_PROPERTY

VERDICT_FILE = "verdict.json"
# The version of a baseline that is still to be looked for, see `driver.py`.
UNKNOWN = -1


class Executor(evaluator_executor.Executor):
    """Blesses a model, or refuses it.

    It is an Evaluator's executor by type, with the output key `blessing`: only then does TFX's
    entry point on Vertex turn `current_model_id` into a resource name.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Judges the model of `input_dict`; see `components.gate.judge` for the rules.

        Raises:
          RuntimeError: the table of predictions and TFMA disagree on what is right.
        """
        if exec_properties["baseline_version"] == UNKNOWN:
            raise RuntimeError("nobody looked which model serves: the gate's driver did not run")
        settings = GateSettings(
            **json.loads(exec_properties["settings"]), target=exec_properties["target"]
        )
        model = artifact_utils.get_single_instance(input_dict["model"])
        path = path_utils.serving_model_path(model.uri)
        examples = artifact_utils.get_single_uri(input_dict["examples"])
        folder = artifact_utils.get_single_uri(output_dict["predictions"])
        judged = ServedModel(path)
        digest = model_digest(path)
        baseline, alone = _load_baseline(exec_properties, digest, judged.class_names)
        tally = _measure(examples, folder, judged, baseline, settings)
        _must_agree(tally, artifact_utils.get_single_uri(input_dict["evaluation"]))
        version = exec_properties["baseline_version"] if baseline else 0
        verdict = replace(judge(tally, settings, version, alone), digest=digest)
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        write_json(tally.metrics(), blessing.uri, METRICS_FILE)
        _write_blessing(blessing, verdict, model, exec_properties["baseline_path"])


def read_verdict(blessing_uri: str) -> Verdict:
    """Returns the verdict that lies in the gate's ModelBlessing artifact."""
    return parse_verdict(read_json(blessing_uri, VERDICT_FILE))


def read_metrics(blessing_uri: str) -> dict[str, Any]:
    """Returns the figures that lie in the gate's ModelBlessing artifact, see `Tally.metrics`."""
    metrics: dict[str, Any] = read_json(blessing_uri, METRICS_FILE)
    return metrics


def _load_baseline(
    exec_properties: dict[str, Any], digest: str, class_names: list[str]
) -> tuple[ServedModel | None, str]:
    """Returns the model that serves; or None, and why there is nothing to compare with."""
    version = exec_properties["baseline_version"]
    if not version:
        return None, "no other model serves"
    if exec_properties["baseline_digest"] == digest:
        return None, f"version {version}, which serves, is this model"
    serving = ServedModel(exec_properties["baseline_path"])
    if serving.class_names != class_names:
        return None, f"version {version}, which serves, knows other classes"
    return serving, ""


def _measure(
    examples: str,
    folder: str,
    model: ServedModel,
    baseline: ServedModel | None,
    settings: GateSettings,
) -> Tally:
    """Counts what the models answer on the test split, and keeps it."""
    tally = Tally(model.class_names, settings.top_k)
    files = sorted(tf.io.gfile.glob(os.path.join(examples, "Split-test", "*")))
    tf.io.gfile.makedirs(folder)
    path = os.path.join(folder, PREDICTIONS_FILE)
    with PredictionsWriter(path, with_baseline=baseline is not None) as writer:
        for batch in predict(files, model, baseline, settings.slices):
            tally.add(batch)
            writer.write(batch)
    return tally


def _must_agree(tally: Tally, evaluation: str) -> None:
    accuracy = read_accuracy(evaluation)
    if (accuracy.correct, accuracy.examples) != (tally.correct, tally.examples):
        raise RuntimeError(
            f"TFMA found {accuracy.correct} of {accuracy.examples} right, and the table of "
            f"predictions {tally.correct} of {tally.examples}"
        )


def _write_blessing(
    blessing: types.Artifact, verdict: Verdict, model: types.Artifact, baseline_path: str
) -> None:
    """Writes what Pusher and TFX's resolvers heed: the property `blessed`, and the model's id."""
    write_json(asdict(verdict), blessing.uri, VERDICT_FILE)
    file = constants.BLESSED_FILE_NAME if verdict.blessed else constants.NOT_BLESSED_FILE_NAME
    write_text("", blessing.uri, file)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, int(verdict.blessed))
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    # For those who see the artifact and not its files, as in Vertex's console.
    blessing.set_string_custom_property(VERDICT_PROPERTY, format_verdict(verdict))
    if verdict.baseline:
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline_path
        )
