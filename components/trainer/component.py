"""The Trainer component: TFX's, with ExampleGen's counts as a further input."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tfx import types
from tfx.components.trainer import component
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter
from tfx.utils import json_utils

from components.trainer.executor import TrainerExecutor
from data.ingestion_counts import QUARANTINE


class TrainerSpec(standard_component_specs.TrainerSpec):
    """TFX's inputs, and ExampleGen's quarantine, which contains the counts."""

    INPUTS: ClassVar = {
        **standard_component_specs.TrainerSpec.INPUTS,
        QUARANTINE: ChannelParameter(type=standard_artifacts.Examples),
    }


class Trainer(component.Trainer):
    """Trains a network and exports it; fails if an example is lost between ExampleGen and here.

    Outputs:
      model: The SavedModel and the Keras weights.
      model_run: `training.json` and TensorBoard's logs.
    """

    SPEC_CLASS = TrainerSpec

    def __init__(
        self,
        custom_config: Mapping[str, Any],
        executor: type[BaseExecutor] = TrainerExecutor,
        **inputs: Any,
    ):
        """Takes the inputs of TrainerSpec and `train_args` by name.

        Args:
          custom_config: JSON values for `components.trainer.run.run_fn`.
          executor: The class that trains, or that starts a job for it.
          **inputs: See TFX's Trainer; `quarantine` is ExampleGen's second output.
        """
        spec = TrainerSpec(
            run_fn="components.trainer.run.run_fn",
            **inputs,
            eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
            custom_config=json_utils.dumps(dict(custom_config)),
            model=types.Channel(type=standard_artifacts.Model),
            model_run=types.Channel(type=standard_artifacts.ModelRun),
        )
        BaseComponent.__init__(self, spec, custom_executor_spec=ExecutorClassSpec(executor))
