"""The component Predictions: what the trained model answers, for the gate and the report."""

from typing import ClassVar

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.predictions.executor import Executor
from components.predictions.settings import PredictionsSettings


class PredictionsSpec(ComponentSpec):
    """The inputs, outputs and parameters of Predictions."""

    PARAMETERS: ClassVar = {
        "robustness": ExecutionParameter(type=int),
        "code_fingerprint": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "quarantine": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar = {
        "predictions": ChannelParameter(type=standard_artifacts.InferenceResult),
    }


class Predictions(BaseComponent):
    """Classifies test and eval images through the serving signature of the trained model.

    Outputs:
      predictions: `predictions.parquet`, a row for each test and eval image, and, unless it is
        turned off, `changed.parquet`, a row for each change of up to 1,000 test images; see
        `components.predictions.table` for the columns.
    """

    SPEC_CLASS = PredictionsSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self, settings: PredictionsSettings, code_fingerprint: str, **inputs: types.BaseChannel
    ):
        """Takes the inputs of PredictionsSpec by name.

        Args:
          settings: Which images are classified.
          code_fingerprint: Fingerprint of the component's code, for TFX's cache.
          **inputs: `quarantine` contains ExampleGen's counts.
        """
        super().__init__(
            PredictionsSpec(
                **inputs,
                robustness=int(settings.robustness),
                code_fingerprint=code_fingerprint,
                predictions=types.Channel(type=standard_artifacts.InferenceResult),
            )
        )
