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
    metrics = [
        tfma.MetricConfig(class_name="ExampleCount"),
        tfma.MetricConfig(
            class_name="SparseCategoricalAccuracy", config=f'{{"name": "{ACCURACY}"}}'
        ),
    ]
    return tfma.EvalConfig(
        model_specs=[model],
        metrics_specs=[tfma.MetricsSpec(metrics=metrics)],
        slicing_specs=[tfma.SlicingSpec(), tfma.SlicingSpec(feature_keys=[LABEL])],
    )
