"""The component that stops a run on data that a model must not be trained on."""

import logging

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_artifacts import ExampleAnomalies, Examples, Schema

from components.artifacts import SCHEMA_FILE, read_bytes, read_schema
from components.data_gate.checks import find_data_problems
from components.data_gate.drift import find_drift
from components.example_gen.executor import read_counts
from data.common.errors import DataRefused
from data.schema import class_names

IGNORE, STOP = "ignore", "stop"
_ADVICE = "to train on them all the same: --set data.drift=warn"
# TFX's name for the file in which ExampleValidator keeps an Anomalies message.
_ANOMALIES_FILE = "SchemaDiff.pb"


@component
def DataGate(
    anomalies: InputArtifact[ExampleAnomalies],
    quarantine: InputArtifact[Examples],
    schema: InputArtifact[Schema],
    max_bad_fraction: Parameter[float],
    drift: Parameter[str],
    drift_min_images: Parameter[int],
    span_before: Parameter[str],
    span_schema: Parameter[str],
    code_fingerprint: Parameter[str],
) -> None:
    """Raises DataRefused, with all that is wrong with the data, if anything is.

    Drift is wrong where the parameter `drift` is STOP, and else logged; the other parameters are
    those of `find_drift`.
    """
    del code_fingerprint  # Only TFX's cache looks at it.
    problems = find_data_problems(
        read_anomalies(anomalies),
        read_counts(quarantine.uri),
        class_names(read_schema(schema.uri, SCHEMA_FILE)),
        max_bad_fraction,
    )
    if drift != IGNORE:
        found = find_drift(quarantine.uri, span_before, span_schema, drift_min_images)
        exceeded = found.exceeded if found else []
        if exceeded and drift == STOP:
            problems += ["drift since the span before:", *exceeded, _ADVICE]
        for line in exceeded:
            logging.warning("drift since the span before: %s", line)
    if problems:
        raise DataRefused("\n".join(problems))


def read_anomalies(artifact: Artifact) -> dict[str, anomalies_pb2.Anomalies]:
    """Returns what TFDV found, by split, from ExampleValidator's artifact."""
    return {
        split: anomalies_pb2.Anomalies.FromString(
            read_bytes(artifact.uri, f"Split-{split}", _ANOMALIES_FILE)
        )
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }
