"""The curated schema, the class names that it pins, and the schema of a span."""

from collections.abc import Sequence
from importlib import resources

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from data.features import CLASS, LABEL, ONE_HOT_CLASS

CLASS_DOMAIN = "classes"


def curated_schema_text() -> str:
    """Returns the text of `data/schema.pbtxt`, which knows no classes."""
    return resources.files("data").joinpath("schema.pbtxt").read_text()


def span_schema_text() -> str:
    """Returns the text of `data/span_schema.pbtxt`: how far a span may be from the one before."""
    return resources.files("data").joinpath("span_schema.pbtxt").read_text()


def schema_with(names: Sequence[str]) -> str:
    """Returns the text of the curated schema with classes, in the order of their ids."""
    schema = parse_schema(curated_schema_text())
    schema.string_domain.add(name=CLASS_DOMAIN, value=names)
    for feature in schema.feature:
        if feature.name == CLASS:
            feature.int_domain.max = len(names) - 1
        elif feature.name == LABEL:
            feature.domain = CLASS_DOMAIN
        elif feature.name == ONE_HOT_CLASS:
            # Records of an earlier span may know fewer classes.
            feature.value_count.min, feature.value_count.max = 2, len(names)
    return text_format.MessageToString(schema)


def parse_schema(text: str) -> schema_pb2.Schema:
    """Returns the Schema message that a `.pbtxt` file holds.

    Raises:
      google.protobuf.text_format.ParseError: the text is no Schema; it names line and column.
    """
    return text_format.Parse(text, schema_pb2.Schema())


def class_names(schema: schema_pb2.Schema) -> list[str]:
    """Returns the class names in the order of their ids: the values of the domain `classes`.

    Raises:
      ValueError: the schema has no such domain.
    """
    for domain in schema.string_domain:
        if domain.name == CLASS_DOMAIN:
            return list(domain.value)
    raise ValueError(f"the schema has no string_domain named {CLASS_DOMAIN!r}")
