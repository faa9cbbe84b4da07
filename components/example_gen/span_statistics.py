"""TFDV's statistics of the images of a span, with which the next span is compared."""

from collections.abc import Collection, Iterable
from dataclasses import asdict

import pandas as pd
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.artifacts import read_bytes, write_bytes
from components.example_gen.partition import RecordOutcome


def write_statistics(
    outcomes: Iterable[RecordOutcome], shards: Collection[str], folder: str, name: str
) -> None:
    """Writes the statistics of the valid records of some shards, if there are any."""
    rows = [
        {"label": outcome.label, **asdict(outcome.statistics)}
        for outcome in outcomes
        if outcome.statistics and outcome.shard in shards
    ]
    if rows:
        statistics = tfdv.generate_statistics_from_dataframe(pd.DataFrame(rows), n_jobs=1)
        write_bytes(statistics.SerializeToString(deterministic=True), folder, name)


def read_statistics(folder: str, name: str) -> DatasetFeatureStatisticsList | None:
    """Returns the statistics of a span, or None if there are none."""
    try:
        return DatasetFeatureStatisticsList.FromString(read_bytes(folder, name))
    except (FileNotFoundError, tf.errors.NotFoundError):
        return None
