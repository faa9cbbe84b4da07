"""StatisticsGen: TFX's, with the versions of its libraries in the cache key."""

from typing import Any, ClassVar

import tensorflow_data_validation as tfdv
from tfx import components, types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils


class StatisticsGenSpec(standard_component_specs.StatisticsGenSpec):
    """TFX's parameters, and the versions of the libraries."""

    PARAMETERS: ClassVar = {
        **standard_component_specs.StatisticsGenSpec.PARAMETERS,
        "library_fingerprint": ExecutionParameter(type=str),
    }


class StatisticsGen(components.StatisticsGen):
    """Computes the statistics of all splits, those of the images included."""

    SPEC_CLASS = StatisticsGenSpec

    def __init__(self, library_fingerprint: str, **inputs: Any):
        """Takes the inputs `examples` and `schema` by name.

        Args:
          library_fingerprint: The versions of the libraries.
          **inputs: See TFX's StatisticsGen.
        """
        options = tfdv.StatsOptions(enable_semantic_domain_stats=True)
        spec = StatisticsGenSpec(
            **inputs,
            stats_options_json=options.to_json(),
            exclude_splits=json_utils.dumps([]),
            library_fingerprint=library_fingerprint,
            statistics=types.Channel(type=standard_artifacts.ExampleStatistics),
        )
        BaseBeamComponent.__init__(self, spec=spec)
