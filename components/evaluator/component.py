"""Evaluator: TFX's, with the versions of its libraries in the cache key."""

from typing import Any, ClassVar

from tfx import components, types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils

from components.evaluator.evaluation import eval_config


class EvaluatorSpec(standard_component_specs.EvaluatorSpec):
    """TFX's parameters, and the versions of the libraries."""

    PARAMETERS: ClassVar = {
        **standard_component_specs.EvaluatorSpec.PARAMETERS,
        "library_fingerprint": ExecutionParameter(type=str),
    }


class Evaluator(components.Evaluator):
    """Evaluates a model on the test split, see `eval_config`.

    Outputs:
      evaluation: The metrics of TFMA.
      blessing: TFX's own, without properties: the gate decides.
    """

    SPEC_CLASS = EvaluatorSpec

    def __init__(self, library_fingerprint: str, **inputs: Any):
        """Takes the inputs `examples`, `model` and `schema` by name.

        Args:
          library_fingerprint: The versions of the libraries.
          **inputs: See TFX's Evaluator.
        """
        spec = EvaluatorSpec(
            **inputs,
            eval_config=eval_config(),
            example_splits=json_utils.dumps(["test"]),
            fairness_indicator_thresholds=json_utils.dumps(None),
            library_fingerprint=library_fingerprint,
            evaluation=types.Channel(type=standard_artifacts.ModelEvaluation),
            blessing=types.Channel(type=standard_artifacts.ModelBlessing),
        )
        BaseBeamComponent.__init__(self, spec=spec)
