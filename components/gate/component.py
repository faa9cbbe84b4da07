"""The component of the gate, separate so that a new target reruns neither TFMA nor Predictions."""

from typing import ClassVar

from tfx import types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.gate.executor import Executor
from components.gate.settings import GateSettings
from components.model_store.base import ServedVersion


class GateSpec(ComponentSpec):
    """The inputs, outputs and parameters of the gate."""

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
        "quarantine": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "predictions": ChannelParameter(type=standard_artifacts.InferenceResult),
    }
    OUTPUTS: ClassVar = {
        "blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }


class Gate(BaseBeamComponent):
    """Blesses a model that meets all rules of the settings on the test split.

    Outputs:
      blessing: A ModelBlessing with the property `blessed`; it contains `verdict.json`,
        `metrics.json` and, if there is a baseline, its answers in `baseline.parquet`.
    """

    SPEC_CLASS = GateSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self, settings: GateSettings, serving: ServedVersion, target: float | RuntimeParameter,
        code_fingerprint: str, **inputs: types.BaseChannel,
    ):  # fmt: skip
        """Takes the inputs of GateSpec by name.

        Args:
          settings: The rules, except for the target.
          serving: The baseline. If its version is UNKNOWN, its path is the URL of the model store,
            in which `components.gate.driver` looks it up.
          target: The target; a RuntimeParameter in a compiled job.
          code_fingerprint: Fingerprint of the gate's code, for TFX's cache.
          **inputs: `evaluation` is TFMA's, `predictions` are those of Predictions, and `quarantine`
            contains ExampleGen's counts.
        """
        super().__init__(
            GateSpec(
                **inputs,
                settings=settings.model_dump_json(exclude={"target"}),
                target=target,
                baseline_version=serving.version,
                baseline_path=serving.path,
                baseline_digest=serving.digest,
                code_fingerprint=code_fingerprint,
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
