"""Properties of the examples that say what they were read from.

TFX's local runner sets them; on Vertex AI, only the parameters of the executor have the values.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfx.components.example_gen import utils
from tfx.types import Artifact


class ExamplesSource(NamedTuple):
    """The span that TFX's driver found, 0 without spans, and its fingerprint of the files."""

    span: int
    fingerprint: str


def note_source(examples: Artifact, exec_properties: Mapping[str, Any]) -> None:
    """Sets the properties from the parameters of the executor."""
    fingerprint = exec_properties.get(utils.FINGERPRINT_PROPERTY_NAME) or ""
    examples.set_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME, fingerprint)
    span = int(exec_properties.get(utils.SPAN_PROPERTY_NAME) or 0)
    examples.set_int_custom_property(utils.SPAN_PROPERTY_NAME, span)


def read_source(examples: Artifact) -> ExamplesSource:
    """Returns the properties of the examples."""
    return ExamplesSource(
        examples.get_int_custom_property(utils.SPAN_PROPERTY_NAME),
        examples.get_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME),
    )
