"""The distributions of the images of a span, from TFDV's statistics, and figures of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markupsafe import Markup
from tensorflow_metadata.proto.v0.statistics_pb2 import (
    DatasetFeatureStatisticsList,
    FeatureNameStatistics,
)
from tensorflow_metadata.proto.v0.statistics_pb2 import Histogram as HistogramProto

from data.features import LABEL
from pipeline.report_page.figures import percent, whole_percent
from pipeline.report_page.svg import WIDTH, Axis, box, dot, draw_axes, figure, polyline, text

_BINS = 20
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, WIDTH - 14, 14, 160


@dataclass(frozen=True)
class Bucket:
    """A part of a histogram: how many images have a value from `low` to `high`."""

    low: float
    high: float
    images: float


@dataclass(frozen=True)
class SpanStatistics:
    """The statistics of the images of a span.

    Attributes:
      images: The number of images.
      labels: The number of images by class name.
      features: The buckets of each measured feature, from the lowest to the highest, which hold
        about the same number of images each.
    """

    images: int
    labels: dict[str, float]
    features: dict[str, list[Bucket]]


def read_span(file: Path) -> SpanStatistics | None:
    """Returns the statistics that ExampleGen wrote to a file; None if there is no such file."""
    if not file.exists():
        return None
    (dataset,) = DatasetFeatureStatisticsList.FromString(file.read_bytes()).datasets
    found = {feature.path.step[0]: feature for feature in dataset.features}
    ranks = found[LABEL].string_stats.rank_histogram.buckets if LABEL in found else ()
    return SpanStatistics(
        int(dataset.num_examples),
        {bucket.label: bucket.sample_count for bucket in ranks},
        {name: list(_quantiles(feature)) for name, feature in found.items() if name != LABEL},
    )


def _quantiles(feature: FeatureNameStatistics) -> Iterator[Bucket]:
    for histogram in feature.num_stats.histograms:
        if histogram.type == HistogramProto.QUANTILES:
            for bucket in histogram.buckets:
                yield Bucket(bucket.low_value, bucket.high_value, bucket.sample_count)


def bin_edges(buckets: Sequence[Bucket], others: Sequence[Bucket]) -> list[float]:
    """Returns the edges of bins for two distributions, of which few values lie outside.

    A single far value would leave all others in one bin: the bins end where a tenth of the images
    is left, and as far again as the eight tenths between them are wide.
    """
    low = min(_range(some)[0] for some in (buckets, others) if some)
    high = max(_range(some)[1] for some in (buckets, others) if some)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return [low + (high - low) * number / _BINS for number in range(_BINS + 1)]


def _range(buckets: Sequence[Bucket]) -> tuple[float, float]:
    low, high = buckets[0].high, buckets[-1].low
    width = max(high - low, 0)
    return max(buckets[0].low, low - width), min(buckets[-1].high, high + width)


def shares(buckets: Sequence[Bucket], edges: Sequence[float]) -> list[float]:
    """Returns the share of the images in each bin; the outer bins have what lies outside as well.

    Within a bucket, the images are taken to be distributed evenly.
    """
    total = sum(bucket.images for bucket in buckets)
    inner = [*edges[1:-1], float("inf")]
    below, cumulative = 0.0, []
    for edge in inner:
        cumulative.append(sum(_below(bucket, edge) for bucket in buckets) / total)
    found = []
    for value in cumulative:
        found.append(value - below)
        below = value
    return found


def _below(bucket: Bucket, edge: float) -> float:
    """Returns the number of images of a bucket with values below an edge."""
    if bucket.high < edge:
        return bucket.images
    if bucket.low >= edge:
        return 0.0
    return bucket.images * (edge - bucket.low) / (bucket.high - bucket.low)


def draw_distribution(
    label: str,
    now: Sequence[Bucket],
    before: Sequence[Bucket],
    format_value: Callable[[float], str],
) -> Markup:
    """Returns a histogram as bars, with another one as a dashed line over it.

    Args:
      label: What the figure shows.
      now: The buckets of the images.
      before: Those of the span before; empty if there is none.
      format_value: Returns a value as text.
    """
    edges = bin_edges(now, before)
    series = [shares(some, edges) for some in (now, before) if some]
    x_axis = Axis(edges[0], edges[-1], _LEFT, _RIGHT)
    y_axis = Axis(0, max(max(values) for values in series), _BOTTOM, _TOP, 3)
    parts = [*draw_axes(x_axis, y_axis, _LEFT, _RIGHT, format_value, whole_percent)]
    for (start, end), share in zip(pairwise(map(x_axis.at, edges)), series[0], strict=True):
        parts.append(
            box(start, y_axis.at(share), end - start - 1, _BOTTOM - y_axis.at(share), "bar")
        )
    if before:
        parts.append(polyline(_steps(x_axis, y_axis, edges, series[1]), "curve row1"))
    return figure(label, _BOTTOM + 26, parts)


def _steps(
    x_axis: Axis, y_axis: Axis, edges: Sequence[float], values: Sequence[float]
) -> list[tuple[float, float]]:
    points = []
    for (low, high), value in zip(pairwise(edges), values, strict=True):
        points += [(x_axis.at(low), y_axis.at(value)), (x_axis.at(high), y_axis.at(value))]
    return points


def draw_labels(
    label: str, names: Sequence[str], now: Mapping[str, float], before: Mapping[str, float]
) -> Markup:
    """Returns a bar for the share of each class, with the share in the span before as a dot.

    Args:
      label: What the figure shows.
      names: The classes that are shown.
      now: The number of images by class.
      before: The same of the span before.
    """
    new, old = ([_share(some, name) for name in names] for some in (now, before))
    axis = Axis(0, max([*new, *old, 0.01]), 12, WIDTH - 110)
    parts = []
    for index, name in enumerate(names):
        y = 18 + 40 * index
        parts.append(text(12, y - 4, name))
        parts.append(box(axis.start, y, max(axis.at(new[index]) - axis.start, 1), 12, "bar"))
        parts.append(dot(axis.at(old[index]), y + 6, 5, "dot row1"))
        note = f"{percent(new[index])}, was {percent(old[index])}"
        parts.append(text(WIDTH - 4, y + 11, note, "end small"))
    return figure(label, 8 + 40 * len(names), parts)


def most_changed(now: Mapping[str, float], before: Mapping[str, float], number: int) -> list[str]:
    """Returns the classes whose shares changed most, the most changed first."""
    names = sorted({*now, *before})
    return sorted(names, key=lambda name: -abs(_share(now, name) - _share(before, name)))[:number]


def _share(numbers: Mapping[str, float], name: str) -> float:
    return numbers.get(name, 0) / max(sum(numbers.values()), 1)
