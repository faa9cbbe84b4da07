from google.protobuf import json_format
from tfx.orchestration.kubeflow.v2.container.kubeflow_v2_entrypoint_utils import (
    to_runtime_artifact,
)
from tfx.types import standard_artifacts

from components.example_gen.source_properties import note_source, read_source
from pipeline.vertex.tfx_artifacts import tfx_artifacts


def test_span_and_fingerprint_reach_who_gets_the_artifact_from_vertex_ai():
    examples = standard_artifacts.Examples()
    examples.uri = "gs://b/examples"
    # Vertex AI passes all numbers as floating-point numbers.
    note_source(examples, {"span": 12.0, "input_fingerprint": "num_files:2"})
    runtime = json_format.MessageToDict(to_runtime_artifact(examples, {}))
    runtime["type"] = {"schemaTitle": "tfx.Examples"}
    (received,) = tfx_artifacts({"examples": runtime})["examples"]
    assert read_source(received) == (12, "num_files:2")


def test_without_a_driver_there_is_no_span():
    examples = standard_artifacts.Examples()
    note_source(examples, {})
    assert read_source(examples) == (0, "")
