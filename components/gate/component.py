"""The gate's component: after Evaluator, so that a new target reruns the gate and not TFMA."""

from typing import ClassVar

from tfx import types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.gate.executor import Executor
from components.gate.settings import GateSettings
from components.model_store.local import ServedVersion


class GateSpec(ComponentSpec):
    """The gate's inputs, outputs and parameters."""

    PARAMETERS: ClassVar = {
        "settings": ExecutionParameter(type=str),
        "target": ExecutionParameter(type=float),
        "baseline_version": ExecutionParameter(type=int),
        "baseline_path": ExecutionParameter(type=str),
        "baseline_digest": ExecutionParameter(type=str),
        "code_fingerprint": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar = {
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "predictions": ChannelParameter(type=standard_artifacts.InferenceResult),
    }


class Gate(BaseBeamComponent):
    """Blesses a model that keeps all rules of the settings on the test split.

    Outputs:
      blessing: a ModelBlessing with the property `blessed`; `verdict.json` and `metrics.json` are
        inside.
      predictions: `predictions.parquet`, a row for each test example.
    """

    SPEC_CLASS = GateSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        evaluation: types.BaseChannel,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        settings: GateSettings,
        target: float | RuntimeParameter,
        serving: ServedVersion,
        code_fingerprint: str,
    ):
        """See the class; `target` stands for that of `settings`.

        `serving` is the model to compare with; where its version is UNKNOWN, its path is the folder
        of the served versions, and `components.gate.driver` looks there.
        """
        super().__init__(
            GateSpec(
                evaluation=evaluation,
                examples=examples,
                model=model,
                settings=settings.model_dump_json(exclude={"target"}),
                target=target,
                baseline_version=serving.version,
                baseline_path=serving.path,
                baseline_digest=serving.digest,
                code_fingerprint=code_fingerprint,
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
                predictions=types.Channel(type=standard_artifacts.InferenceResult),
            )
        )
