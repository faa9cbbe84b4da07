"""The anomalies that ExampleValidator found, by split."""

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import Artifact, artifact_utils

from components.artifacts import read_bytes

# TFX's name for the file of a split with an Anomalies message.
ANOMALIES_FILE = "SchemaDiff.pb"


def read_anomalies(artifact: Artifact) -> dict[str, anomalies_pb2.Anomalies]:
    """Returns the anomalies in each split of an ExampleAnomalies artifact."""
    return {
        split: anomalies_pb2.Anomalies.FromString(
            read_bytes(artifact.uri, f"Split-{split}", ANOMALIES_FILE)
        )
        for split in artifact_utils.decode_split_names(artifact.split_names)
    }
