"""TFDV's statistics of how the images of one span look: what the next span is compared with."""

from collections.abc import Collection, Iterable
from dataclasses import asdict

import pandas as pd
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.artifacts import read_bytes, write_bytes
from components.example_gen.partition import RecordOutcome

# Beside SPAN_FILE: of the span before the newest, where a run reads several.
BEFORE_FILE = "span_statistics_before.pb"


def write_statistics(
    outcomes: Iterable[RecordOutcome], shards: Collection[str], folder: str, name: str
) -> None:
    """Writes the statistics of the good records of some shards; nothing where there is none."""
    rows = [
        {"label": outcome.label, **asdict(outcome.look)}
        for outcome in outcomes
        if outcome.look and outcome.shard in shards
    ]
    if rows:
        statistics = tfdv.generate_statistics_from_dataframe(pd.DataFrame(rows), n_jobs=1)
        write_bytes(statistics.SerializeToString(deterministic=True), folder, name)


def read_statistics(folder: str, name: str) -> DatasetFeatureStatisticsList | None:
    """Returns the statistics of a span, or None where there are none."""
    try:
        return DatasetFeatureStatisticsList.FromString(read_bytes(folder, name))
    except tf.errors.NotFoundError:
        return None
