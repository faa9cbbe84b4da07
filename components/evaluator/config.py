"""What TFMA measures, and through which signature."""

import tensorflow_model_analysis as tfma

from data.features import CLASS, LABEL

ACCURACY = "accuracy"
EXAMPLE_COUNT = "example_count"


def eval_config() -> tfma.EvalConfig:
    """Returns TFMA's configuration: accuracy and counts, overall and by class.

    It has no thresholds: the gate decides, and TFX's own blessing says nothing then. The examples
    reach the model as they lie in their files, through the signature that serves.
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
