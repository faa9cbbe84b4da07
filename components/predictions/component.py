"""The component Predictions: what the trained model answers, for the gate and the report."""

import json
from collections.abc import Mapping, Sequence
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
        "extra_patterns": ExecutionParameter(type=str),
        "extra_fingerprint": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "max_pixels": ExecutionParameter(type=int),
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
      predictions: `predictions.parquet`, a row for each test and eval image and each image of
        `gate.extra_data`; unless it is turned off, `changed.parquet`, a row for each change of up
        to 1,000 test images (see `components.predictions.table` for the columns); and, with
        `gate.extra_data`, `left_out.json`, the images that cannot be used.
    """

    SPEC_CLASS = PredictionsSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        settings: PredictionsSettings,
        code_fingerprint: str,
        features: Mapping[str, str | None],
        max_pixels: int,
        extra_patterns: Sequence[str] = (),
        extra_fingerprint: str = "",
        **inputs: types.BaseChannel,
    ):
        """Takes the inputs of PredictionsSpec by name.

        Args:
          settings: Which images are classified.
          code_fingerprint: Fingerprint of the component's code, for TFX's cache.
          features: The names of the features in the records, see `data.features`.
          max_pixels: Maximum number of pixels of an image.
          extra_patterns: Globs of the record files of `gate.extra_data`; empty if there is none.
          extra_fingerprint: Fingerprint of their content; empty if it is not known beforehand.
          **inputs: `quarantine` contains ExampleGen's counts.
        """
        super().__init__(
            PredictionsSpec(
                **inputs,
                robustness=int(settings.robustness),
                extra_patterns=json.dumps(list(extra_patterns)),
                extra_fingerprint=extra_fingerprint,
                features=json.dumps(features),
                max_pixels=max_pixels,
                code_fingerprint=code_fingerprint,
                predictions=types.Channel(type=standard_artifacts.InferenceResult),
            )
        )
