"""What the schema step reports: the classes and their origin."""

from components.artifacts import SCHEMA_FILE, read_schema
from components.summary import Outputs, RunFacts, StepSummary, uri_of
from data.common.formatting import format_list
from data.schema import class_names


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the class names and where they come from."""
    names = class_names(read_schema(uri_of(outputs, "schema"), SCHEMA_FILE))
    return StepSummary(f"{len(names)} classes, from {run.classes_from}: {format_list(names)}")
