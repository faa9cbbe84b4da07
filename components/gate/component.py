"""The gate's component: after Evaluator, so that a new target reruns the gate and not TFMA."""

from typing import ClassVar

from tfx import types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.gate.executor import Executor


class GateSpec(ComponentSpec):
    """The gate's inputs, outputs and parameters."""

    PARAMETERS: ClassVar = {
        "target": ExecutionParameter(type=float),
        "code_fingerprint": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "model": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS: ClassVar = {"blessing": ChannelParameter(type=standard_artifacts.ModelBlessing)}


class Gate(BaseBeamComponent):
    """Blesses a model whose accuracy on the test split reaches `target`.

    Outputs:
      blessing: a ModelBlessing with the property `blessed`, and `verdict.json` inside.
    """

    SPEC_CLASS = GateSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        evaluation: types.BaseChannel,
        model: types.BaseChannel,
        target: float,
        code_fingerprint: str,
    ):
        """See the class."""
        super().__init__(
            GateSpec(
                evaluation=evaluation,
                model=model,
                target=target,
                code_fingerprint=code_fingerprint,
                blessing=types.Channel(type=standard_artifacts.ModelBlessing),
            )
        )
