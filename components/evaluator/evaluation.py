"""The evaluation by TFMA: its configuration and its results."""

from typing import NamedTuple

# TFMA's package swallows ImportErrors and then lacks names; its modules do not.
from tensorflow_model_analysis.api.model_eval_lib import load_eval_result
from tensorflow_model_analysis.proto.config_pb2 import (
    EvalConfig,
    MetricConfig,
    MetricsSpec,
    ModelSpec,
    SlicingSpec,
)

from data.features import CLASS, LABEL

ACCURACY = "accuracy"
EXAMPLE_COUNT = "example_count"


class Accuracy(NamedTuple):
    """The number of test examples, and how many of them were classified correctly."""

    correct: int
    examples: int


def eval_config() -> EvalConfig:
    """Returns TFMA's configuration: accuracy and counts, overall and by class.

    It has no thresholds, because the gate decides; TFX's own blessing is then without properties.
    The model gets the unchanged records through its serving signature.
    """
    model = ModelSpec(
        signature_name="serving_default", label_key=CLASS, prediction_key="probabilities"
    )
    name = f'{{"name": "{ACCURACY}"}}'
    accuracy = MetricConfig(
        class_name="Accuracy", module="components.evaluator.accuracy", config=name
    )
    count = MetricConfig(class_name="ExampleCount")
    return EvalConfig(
        model_specs=[model],
        metrics_specs=[MetricsSpec(metrics=[count, accuracy])],
        slicing_specs=[SlicingSpec(), SlicingSpec(feature_keys=[LABEL])],
    )


def read_accuracy(evaluation_uri: str) -> Accuracy:
    """Returns the accuracy over the whole test split, from the artifact of Evaluator."""
    overall = load_eval_result(evaluation_uri).get_metrics_for_slice()
    examples = round(overall[EXAMPLE_COUNT]["doubleValue"])
    # TFMA stores the accuracy as a quotient in floating point; the count is recovered from it.
    return Accuracy(round(overall[ACCURACY]["doubleValue"] * examples), examples)
