"""What has changed from one span of data to the next, in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList as Statistics
from tensorflow_metadata.proto.v0.statistics_pb2 import FeatureNameStatistics

from components.example_gen.span_statistics import PREVIOUS_SPAN_FILE, read_statistics
from data.features import LABEL
from data.ingestion_counts import SPAN_FILE
from data.schema import parse_schema


@dataclass(frozen=True)
class Drift:
    """How the newest span differs from the one before.

    Attributes:
      exceeded: what differs by more than the schema of a span allows, one thing a line.
      note: that in a few words, where it differs by no more; or why it was not compared.
    """

    exceeded: list[str] = field(default_factory=list)
    note: str = "no drift"


def find_drift(quarantine: str, before: str, schema: str, min_images: int) -> Drift | None:
    """Compares the newest span that was read with the one before; None where there is none.

    Args:
      quarantine: ExampleGen's artifact, with the statistics.
      before: that of the run that read the span before; empty: where this run read several spans,
        it is the last but one.
      schema: the text of the schema of a span, with a drift comparator of each feature.
      min_images: fewer in one of them are not compared.

    Raises:
      FileNotFoundError: `before` was cleaned away since the run began.
    """
    now = read_statistics(quarantine, SPAN_FILE)
    then = (
        read_statistics(before, SPAN_FILE)
        if before
        else read_statistics(quarantine, PREVIOUS_SPAN_FILE)
    )
    if before and not then:
        raise FileNotFoundError(f"{before} has no {SPAN_FILE} any more: run it again")
    if not now or not then:
        return None
    fewest = min(_images(now), _images(then))
    if fewest < min_images:
        return Drift(
            note=f"drift not looked at: {fewest} images in a span, and data.drift_min_images is "
            f"{min_images}"
        )
    anomalies = tfdv.validate_statistics(now, parse_schema(schema), previous_statistics=then)
    return Drift(list(_in_words(anomalies, now, then)))


def _in_words(
    anomalies: anomalies_pb2.Anomalies, now: Statistics, then: Statistics
) -> Iterator[str]:
    for info in anomalies.drift_skew_info:
        name = info.path.step[0]
        for measured in info.drift_measurements:
            if measured.value > measured.threshold:
                change = _labels(now, then) if name == LABEL else _medians(name, now, then)
                yield f"{change} (drift {measured.value:.2f}, allowed {measured.threshold:.2f})"


def _labels(now: Statistics, then: Statistics) -> str:
    """Returns how the share of the class changed that changed most."""
    shares, before = _shares(now), _shares(then)
    name = max({**shares, **before}, key=lambda n: abs(shares.get(n, 0) - before.get(n, 0)))
    return f"label: {name} {shares.get(name, 0):.0%}, before {before.get(name, 0):.0%}"


def _medians(name: str, now: Statistics, then: Statistics) -> str:
    medians = [_feature(statistics, name).num_stats.median for statistics in (now, then)]
    return f"{name}: median {medians[0]:.3g}, before {medians[1]:.3g}"


def _shares(statistics: Statistics) -> dict[str, float]:
    buckets = _feature(statistics, LABEL).string_stats.rank_histogram.buckets
    total = _images(statistics)
    return {bucket.label: bucket.sample_count / total for bucket in buckets}


def _feature(statistics: Statistics, name: str) -> FeatureNameStatistics:
    features = statistics.datasets[0].features
    return next(feature for feature in features if feature.path.step[0] == name)


def _images(statistics: Statistics) -> int:
    return int(statistics.datasets[0].num_examples)
