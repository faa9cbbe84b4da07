"""ExampleValidator: TFX's, with the versions of its libraries in the cache key."""

from typing import Any, ClassVar

from tfx import components, types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.types import standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import json_utils


class ExampleValidatorSpec(standard_component_specs.ExampleValidatorSpec):
    """TFX's parameters, and the versions of the libraries."""

    PARAMETERS: ClassVar = {
        **standard_component_specs.ExampleValidatorSpec.PARAMETERS,
        "library_fingerprint": ExecutionParameter(type=str),
    }


class ExampleValidator(components.ExampleValidator):
    """Holds the statistics of all splits against the schema."""

    SPEC_CLASS = ExampleValidatorSpec

    def __init__(self, library_fingerprint: str, **inputs: Any):
        """Takes the inputs `statistics` and `schema` by name.

        Args:
          library_fingerprint: The versions of the libraries.
          **inputs: See TFX's ExampleValidator.
        """
        spec = ExampleValidatorSpec(
            **inputs,
            exclude_splits=json_utils.dumps([]),
            library_fingerprint=library_fingerprint,
            anomalies=types.Channel(type=standard_artifacts.ExampleAnomalies),
        )
        BaseComponent.__init__(self, spec=spec)
