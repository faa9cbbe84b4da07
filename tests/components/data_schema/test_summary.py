from types import SimpleNamespace

from tfx.types.standard_artifacts import Schema

from components.artifacts import SCHEMA_FILE, write_text
from components.data_schema.summary import summarize
from data.schema import schema_with


def test_the_summary_names_the_classes_and_their_origin(tmp_path):
    write_text(schema_with(["daisy", "roses"]), str(tmp_path), SCHEMA_FILE)
    schema = Schema()
    schema.uri = str(tmp_path)
    summary = summarize({"schema": [schema]}, SimpleNamespace(classes_from="labels.txt"))
    assert summary.text == "2 classes, from labels.txt: daisy, roses"
    assert summary.values == {}
