"""The component that writes the curated schema to a Schema artifact."""

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Schema

from components.artifacts import SCHEMA_FILE, write_text


@component
def CuratedSchema(schema: OutputArtifact[Schema], text: Parameter[str]) -> None:
    """Writes the text of the schema to the file that TFX's components read."""
    write_text(text, schema.uri, SCHEMA_FILE)
