"""The curated schema with its class names, and the schema of span statistics."""

from collections.abc import Sequence
from importlib import resources

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from data.features import CLASS, LABEL, ONE_HOT_CLASS

CLASS_DOMAIN = "classes"


def curated_schema_text() -> str:
    """Returns the text of `data/schema.pbtxt`, which does not name the classes."""
    return resources.files("data").joinpath("schema.pbtxt").read_text(encoding="utf-8")


def span_schema_text() -> str:
    """Returns the text of `data/span_schema.pbtxt`, the thresholds for drift, without comments."""
    text = resources.files("data").joinpath("span_schema.pbtxt").read_text(encoding="utf-8")
    return text_format.MessageToString(parse_schema(text))


def schema_with(names: Sequence[str]) -> str:
    """Returns the text of the curated schema with class names, in the order of their ids."""
    schema = parse_schema(curated_schema_text())
    schema.string_domain.add(name=CLASS_DOMAIN, value=names)
    for feature in schema.feature:
        if feature.name == CLASS:
            feature.int_domain.max = len(names) - 1
        elif feature.name == LABEL:
            feature.domain = CLASS_DOMAIN
        elif feature.name == ONE_HOT_CLASS:
            # Records of an earlier span may have fewer classes.
            feature.value_count.min, feature.value_count.max = 2, len(names)
    return text_format.MessageToString(schema)


def parse_schema(text: str) -> schema_pb2.Schema:
    """Returns the Schema message in the text of a `.pbtxt` file.

    Raises:
      google.protobuf.text_format.ParseError: The text is not a Schema.
    """
    return text_format.Parse(text, schema_pb2.Schema())


def class_names(schema: schema_pb2.Schema) -> list[str]:
    """Returns the values of the domain `classes`: the class names in the order of their ids.

    Raises:
      ValueError: The schema has no such domain.
    """
    for domain in schema.string_domain:
        if domain.name == CLASS_DOMAIN:
            return list(domain.value)
    raise ValueError(f"the schema has no string_domain named {CLASS_DOMAIN!r}")
