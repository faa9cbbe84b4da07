"""The number of examples that StatisticsGen read, by split."""

from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.types import Artifact, artifact_utils

from components.artifacts import read_bytes

# TFX's name for the file of a split with a DatasetFeatureStatisticsList message.
STATISTICS_FILE = "FeatureStats.pb"


def count_examples(statistics: Artifact) -> dict[str, int]:
    """Returns the number of examples in each split of an ExampleStatistics artifact."""
    return {
        split: _count(read_bytes(statistics.uri, f"Split-{split}", STATISTICS_FILE))
        for split in artifact_utils.decode_split_names(statistics.split_names)
    }


def _count(content: bytes) -> int:
    datasets = statistics_pb2.DatasetFeatureStatisticsList.FromString(content).datasets
    return sum(int(dataset.num_examples) for dataset in datasets)
