import pytest
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import write_bytes
from components.statistics_gen.counts import STATISTICS_FILE, count_examples
from components.statistics_gen.summary import summarize


@pytest.fixture
def statistics(tmp_path):
    """An ExampleStatistics artifact of two splits."""
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri = str(tmp_path)
    artifact.split_names = artifact_utils.encode_split_names(["train", "test"])
    for split, number in {"train": 8, "test": 2}.items():
        message = DatasetFeatureStatisticsList()
        message.datasets.add(num_examples=number)
        write_bytes(message.SerializeToString(), artifact.uri, f"Split-{split}", STATISTICS_FILE)
    return artifact


def test_examples_are_counted_by_split_and_summarized(statistics):
    assert count_examples(statistics) == {"train": 8, "test": 2}
    assert summarize({"statistics": [statistics]}, run=None).text == "10 examples analyzed"
