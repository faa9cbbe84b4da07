"""The configuration of TFMA: metrics, slices and signature."""

import tensorflow_model_analysis as tfma

from data.features import CLASS, LABEL

ACCURACY = "accuracy"
EXAMPLE_COUNT = "example_count"


def eval_config() -> tfma.EvalConfig:
    """Returns TFMA's configuration: accuracy and counts, overall and by class.

    It has no thresholds, because the gate decides; TFX's own blessing is then without properties.
    The model gets the unchanged records through its serving signature.
    """
    model = tfma.ModelSpec(
        signature_name="serving_default", label_key=CLASS, prediction_key="probabilities"
    )
    name = f'{{"name": "{ACCURACY}"}}'
    accuracy = tfma.MetricConfig(class_name="SparseCategoricalAccuracy", config=name)
    count = tfma.MetricConfig(class_name="ExampleCount")
    return tfma.EvalConfig(
        model_specs=[model],
        metrics_specs=[tfma.MetricsSpec(metrics=[count, accuracy])],
        slicing_specs=[tfma.SlicingSpec(), tfma.SlicingSpec(feature_keys=[LABEL])],
    )
