import pytest
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import write_bytes
from components.example_validator.anomalies import ANOMALIES_FILE, read_anomalies
from components.example_validator.summary import summarize


@pytest.fixture
def artifact(tmp_path):
    """An ExampleAnomalies artifact of two splits without anomalies."""
    artifact = standard_artifacts.ExampleAnomalies()
    artifact.uri = str(tmp_path)
    artifact.split_names = artifact_utils.encode_split_names(["train", "test"])
    for split in ("train", "test"):
        write_bytes(b"", artifact.uri, f"Split-{split}", ANOMALIES_FILE)
    return artifact


def test_no_anomalies_are_summarized_as_none(artifact):
    assert summarize({"anomalies": [artifact]}, run=None).text == "anomalies: none"


def test_anomalies_of_features_and_of_the_dataset_are_counted(artifact):
    found = Anomalies()
    found.anomaly_info["label"].description = "Examples contain 'cactus'."
    found.dataset_anomaly_info.description = "Too few examples."
    write_bytes(found.SerializeToString(), artifact.uri, "Split-test", ANOMALIES_FILE)
    assert read_anomalies(artifact) == {"train": Anomalies(), "test": found}
    assert summarize({"anomalies": [artifact]}, run=None).text == "anomalies: 2"
