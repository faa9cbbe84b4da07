"""How the images and labels of a span differ from those of the previous span."""

from collections.abc import Iterator

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList as Statistics
from tensorflow_metadata.proto.v0.statistics_pb2 import FeatureNameStatistics

from components.data_gate.report import NO_PREVIOUS_SPAN, Drift
from components.example_gen.span_statistics import read_statistics
from data.common.formatting import format_list
from data.features import LABEL
from data.ingestion_counts import PREVIOUS_SPAN_FILE, SPAN_FILE
from data.schema import parse_schema


def find_drift(quarantine: str, span_before: str, schema: str, min_images: int) -> Drift:
    """Compares the newest span that ExampleGen read with the previous one.

    Args:
      quarantine: URI of ExampleGen's quarantine artifact, which holds the statistics.
      span_before: The same of the run that read the previous span. If empty, the previous span is
        the last but one of this run, if it read several.
      schema: Text of the span schema, with a drift comparator for each feature.
      min_images: Spans with fewer images are not compared.

    Raises:
      FileNotFoundError: `span_before` was deleted after the run began.
    """
    current = read_statistics(quarantine, SPAN_FILE)
    place = (span_before, SPAN_FILE) if span_before else (quarantine, PREVIOUS_SPAN_FILE)
    previous = read_statistics(*place)
    if span_before and not previous:
        raise FileNotFoundError(f"{span_before} has no {SPAN_FILE} any more: start the run again")
    if not current or not previous:
        return Drift(note=NO_PREVIOUS_SPAN)
    fewest = min(_images(current), _images(previous))
    if fewest < min_images:
        reason = f"{fewest} images in a span, and data.drift_min_images is {min_images}"
        return Drift(note=f"drift not checked: {reason}")
    schema_proto = parse_schema(schema)
    anomalies = tfdv.validate_statistics(current, schema_proto, previous_statistics=previous)
    exceeded = list(_format_drift(anomalies, current, previous))
    return Drift(exceeded, f"drift: {format_list(exceeded)}" if exceeded else "no drift")


def _format_drift(
    anomalies: anomalies_pb2.Anomalies, current: Statistics, previous: Statistics
) -> Iterator[str]:
    for info in anomalies.drift_skew_info:
        name = info.path.step[0]
        for measured in info.drift_measurements:
            if measured.value > measured.threshold:
                change = _format_change(name, current, previous)
                yield f"{change} (drift {measured.value:.2f}, allowed {measured.threshold:.2f})"


def _format_change(feature: str, current: Statistics, previous: Statistics) -> str:
    """Returns the two medians, or the two shares of the class whose share changed most."""
    if feature != LABEL:
        now, before = (_feature(spans, feature).num_stats.median for spans in (current, previous))
        return f"{feature}: median {now:.3g}, previously {before:.3g}"
    new, old = _shares(current), _shares(previous)
    name = max({**new, **old}, key=lambda n: abs(new.get(n, 0) - old.get(n, 0)))
    return f"label: {name} {new.get(name, 0):.0%}, previously {old.get(name, 0):.0%}"


def _shares(statistics: Statistics) -> dict[str, float]:
    buckets = _feature(statistics, LABEL).string_stats.rank_histogram.buckets
    total = _images(statistics)
    return {bucket.label: bucket.sample_count / total for bucket in buckets}


def _feature(statistics: Statistics, name: str) -> FeatureNameStatistics:
    features = statistics.datasets[0].features
    return next(feature for feature in features if feature.path.step[0] == name)


def _images(statistics: Statistics) -> int:
    return int(statistics.datasets[0].num_examples)
