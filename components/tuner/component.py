"""The Tuner component: TFX's, with ExampleGen's counts as a further input."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tfx import types

# `tfx.components` swallows ImportErrors and sets the names to None; these modules raise them.
from tfx.components.tuner import component
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter
from tfx.utils import json_utils

from components.tuner.executor import TunerExecutor
from data.ingestion_counts import QUARANTINE


class TunerSpec(standard_component_specs.TunerSpec):
    """TFX's inputs, and ExampleGen's quarantine, which contains the counts."""

    INPUTS: ClassVar = {
        **standard_component_specs.TunerSpec.INPUTS,
        QUARANTINE: ChannelParameter(type=standard_artifacts.Examples),
    }


class Tuner(component.Tuner):
    """Trains with several settings, and names those that are best on eval.

    Outputs:
      best_hyperparameters: The best settings, in KerasTuner's format.
      tuner_results: The accuracy of each trial in TFX's format, `trials.json` and `tuned.yaml`.
    """

    SPEC_CLASS = TunerSpec

    def __init__(
        self,
        custom_config: Mapping[str, Any],
        executor: type[BaseExecutor] = TunerExecutor,
        **inputs: Any,
    ):
        """Takes the inputs of TunerSpec by name.

        Args:
          custom_config: JSON values for `components.tuner.run.tuner_fn`, and for the found config
            `config`, `data` and `command`.
          executor: The class that searches, or that starts a job for it.
          **inputs: See TFX's Tuner; `quarantine` is ExampleGen's second output.
        """
        spec = TunerSpec(
            tuner_fn="components.tuner.run.tuner_fn",
            **inputs,
            train_args=trainer_pb2.TrainArgs(splits=["train"]),
            eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
            custom_config=json_utils.dumps(dict(custom_config)),
            best_hyperparameters=types.Channel(type=standard_artifacts.HyperParameters),
            tuner_results=types.Channel(type=standard_artifacts.TunerResults),
        )
        BaseComponent.__init__(self, spec, custom_executor_spec=ExecutorClassSpec(executor))
