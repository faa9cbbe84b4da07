"""What the gate runs: reads the evaluation, judges, and writes verdict and blessing."""

from dataclasses import asdict
from typing import Any

from tfx import types
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as evaluator_executor
from tfx.types import artifact_utils

from components.artifacts import read_json, write_json, write_text
from components.evaluator.result import read_accuracy
from components.gate.verdict import Verdict, judge_accuracy

VERDICT_FILE = "verdict.json"


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
        """Judges the model of `input_dict` by its evaluation; see `judge_accuracy` for the rule."""
        evaluation = artifact_utils.get_single_uri(input_dict["evaluation"])
        accuracy = read_accuracy(evaluation)
        verdict = judge_accuracy(accuracy.correct, accuracy.examples, exec_properties["target"])
        model = artifact_utils.get_single_instance(input_dict["model"])
        _write_blessing(artifact_utils.get_single_instance(output_dict["blessing"]), verdict, model)


def read_verdict(blessing_uri: str) -> Verdict:
    """Returns the verdict that lies in the gate's ModelBlessing artifact."""
    return Verdict(**read_json(blessing_uri, VERDICT_FILE))


def _write_blessing(blessing: types.Artifact, verdict: Verdict, model: types.Artifact) -> None:
    """Writes what Pusher and TFX's resolvers heed: the property `blessed`, and the model's id."""
    write_json(asdict(verdict), blessing.uri, VERDICT_FILE)
    file = constants.BLESSED_FILE_NAME if verdict.blessed else constants.NOT_BLESSED_FILE_NAME
    write_text("", blessing.uri, file)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, int(verdict.blessed))
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
