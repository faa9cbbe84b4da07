"""The curated schema, and the class names that it pins."""

from importlib import resources

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

CLASS_DOMAIN = "classes"


def curated_schema_text() -> str:
    """Returns the text of `data/schema.pbtxt`."""
    return resources.files("data").joinpath("schema.pbtxt").read_text()


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
