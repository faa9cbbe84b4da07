"""`flowers data inspect`: statistics of records, and an estimate of a run on them."""

import hashlib
import io
import time
from collections import Counter
from collections.abc import Sequence
from statistics import median

import numpy as np
import tensorflow as tf
from PIL import Image
from pydantic import BaseModel

from components.example_gen.checks import (
    InvalidRecord,
    RecordRules,
    check_record,
    extract_source,
)
from components.example_gen.near_duplicates import near_duplicate_pairs
from components.example_gen.revision import conflicting_labels_reason
from components.image_hashes import difference_hash
from components.trainer.speed import measure_speed
from data.class_scan import scan_classes
from data.classes import read_source_labels
from data.common.errors import UsageError
from data.common.formatting import format_duration, format_list, format_size
from data.common.progress import progress
from data.features import feature_names
from data.ingestion_counts import FIRST_BAD, BadRecord, describe_skipped
from data.record_files import check_first_records, measure
from data.records import describe_damage, read_records
from data.sources import list_files, resolve
from pipeline.settings.settings import Settings

# Measured, see BENCHMARKS.md: the time that does not depend on the data (imports, tracing, TFMA),
# the speed of Transform, and the cost of evaluating an image relative to training on it.
_FIXED_SECONDS = 30
_TRANSFORM_IMAGES_PER_SECOND = 1000
_EVALUATION_COST = 1 / 3


class Estimate(BaseModel):
    """The expected disk space under the root, duration and training speed of a run."""

    disk_bytes: int
    seconds: float
    training_seconds: float
    images_per_second: float


class Inspection(BaseModel):
    """Statistics of records, as `flowers data inspect --json` prints them.

    Attributes:
      files, records, bytes: The number of files and records, and their total size.
      empty_files: The files without records.
      spans: The names of the spans; empty if the data has no spans.
      class_names: The classes, in the order of their ids.
      classes: Valid records by class.
      formats: Valid records by image format.
      widths, heights: The smallest, median and largest value in pixels.
      identical: The number of images that duplicate an earlier one byte for byte.
      near_duplicates: The number of pairs of different images that look almost the same.
      bad: Bad records by reason.
      first_bad: The first bad records.
      ignored_features: Valid records by name of a feature that a run does not read.
      estimate: The expected cost of a run.
    """

    files: int
    records: int
    bytes: int
    empty_files: list[str]
    spans: list[str]
    class_names: list[str]
    classes: dict[str, int]
    formats: dict[str, int]
    widths: tuple[int, int, int]
    heights: tuple[int, int, int]
    identical: int
    near_duplicates: int
    bad: dict[str, int]
    first_bad: list[BadRecord]
    ignored_features: dict[str, int]
    estimate: Estimate


class _RecordStatistics:
    """Accumulates statistics of records without keeping their images."""

    def __init__(self, rules: RecordRules):
        self._rules = rules
        self.records = 0
        self.empty_files: list[str] = []
        self.ignored: Counter[str] = Counter()
        self.classes: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.first_bad: list[BadRecord] = []
        self.sizes: list[tuple[int, int]] = []
        self.hashes: set[int] = set()
        self.labels_by_digest: dict[bytes, Counter[str]] = {}

    def add(self, shard: str, index: int, content: bytes) -> None:
        self.records += 1
        try:
            good = check_record(content, self._rules)
        except InvalidRecord as error:
            self._add_bad(shard, index, content, str(error))
            return
        self.classes[good.label] += 1
        self.ignored.update(good.ignored)
        with Image.open(io.BytesIO(good.image)) as image:
            self.formats[str(image.format)] += 1
        self.sizes.append((good.pixels.shape[1], good.pixels.shape[0]))
        self.hashes.add(int.from_bytes(difference_hash(good.pixels), "big"))
        digest = hashlib.sha256(good.image).digest()
        self.labels_by_digest.setdefault(digest, Counter())[good.label] += 1

    def _add_bad(self, shard: str, index: int, content: bytes, reason: str) -> None:
        self.bad[reason] += 1
        if len(self.first_bad) < FIRST_BAD:
            source = extract_source(content, self._rules.features)
            self.first_bad.append(BadRecord(shard=shard, index=index, reason=reason, source=source))

    def reject_conflicting_labels(self) -> None:
        """Counts images with several labels as bad records; call it after the last record."""
        for digest, labels in list(self.labels_by_digest.items()):
            if len(labels) > 1:
                self.bad[conflicting_labels_reason(labels)] += labels.total()
                self.classes.subtract(labels)
                del self.labels_by_digest[digest]


def inspect_records(settings: Settings) -> Inspection:
    """Reads all records of `data.source` and decodes every image.

    Raises:
      UsageError: There are no records, or a file is not a readable TFRecord file.
      DataRefused: Neither the settings nor `labels.txt` nor the records define the classes.
    """
    data = settings.data
    source = resolve(data.source, data.public_size, data.spans)
    files = list_files(source)
    features = feature_names(data.features)
    check_first_records(source, files, features)
    names = data.classes or read_source_labels(source, files) or scan_classes(files, features)
    statistics = _RecordStatistics(RecordRules(names, data.max_pixels, features))
    total_bytes, estimated_count = (0, 0) if source.remote else measure(files)
    progress.debug("records", extra={"total": estimated_count or None})
    started = time.perf_counter()
    for file in files:
        _read(file, statistics)
    seconds = time.perf_counter() - started
    statistics.reject_conflicting_labels()
    good = statistics.classes.total()
    hashes = np.array(list(statistics.hashes), np.uint64)
    widths, heights = zip(*statistics.sizes, strict=True) if statistics.sizes else ((0,), (0,))
    return Inspection(
        files=len(files),
        records=statistics.records,
        bytes=total_bytes,
        empty_files=statistics.empty_files,
        spans=[span.name for span in source.spans],
        class_names=names,
        classes=dict(sorted(statistics.classes.items())),
        formats=dict(statistics.formats.most_common()),
        widths=_range(widths),
        heights=_range(heights),
        identical=good - len(statistics.labels_by_digest),
        near_duplicates=sum(map(len, near_duplicate_pairs(hashes))),
        bad=dict(statistics.bad.most_common()),
        first_bad=statistics.first_bad,
        ignored_features=dict(sorted(statistics.ignored.items())),
        estimate=_estimate(settings, total_bytes, good, seconds, len(names)),
    )


def format_inspection(found: Inspection, settings: Settings) -> list[str]:
    """Returns an inspection as lines of text."""
    data, estimate = settings.data, found.estimate
    spans = f", span {format_list(found.spans)}" if found.spans else ""
    images = ", ".join(f"{number} {kind}" for kind, number in found.formats.items())
    width = max(map(len, found.classes), default=0)
    lines = [
        f"{found.records} records in {found.files} files, {format_size(found.bytes)}{spans}",
        f"{len(found.class_names)} classes:",
        *(f"  {name:<{width}}  {number}" for name, number in found.classes.items()),
        f"images: {images or 'none'}",
        f"  width {_in_pixels(found.widths)}, height {_in_pixels(found.heights)}",
        f"  {found.identical} exact duplicates, {found.near_duplicates} pairs of near-duplicates",
        f"bad records: {sum(found.bad.values()) or 'none'}",
        *(f"  {number} x {reason}" for reason, number in found.bad.items()),
        *(f"  {bad}" for bad in found.first_bad),
        *describe_skipped(found.empty_files, found.ignored_features),
    ]
    if sum(found.bad.values()) > data.max_bad_fraction * found.records:
        limit = f"data.max_bad_fraction is {data.max_bad_fraction:.1%}"
        lines.append(f"  a run would refuse the data: {limit}")
    return [
        *lines,
        f"A run with {settings.model.name} at {settings.transform.image_size} px, "
        f"{settings.trainer.epochs} epochs: about {format_duration(estimate.seconds)} on this "
        f"machine, including {format_duration(estimate.training_seconds)} of training at "
        f"{estimate.images_per_second:.0f} images/s (just measured); "
        f"about {format_size(estimate.disk_bytes)} under --root",
    ]


def _read(file: str, statistics: _RecordStatistics) -> None:
    index = 0
    try:
        for content in read_records(file):
            statistics.add(file, index, content)
            progress.debug("%s", file, extra={"advance": 1})
            index += 1
    except tf.errors.DataLossError as error:
        reason = describe_damage(error)
        progress.info("%s is damaged after %d records: %s", file, index, reason)
    else:
        if index == 0:
            statistics.empty_files.append(file)


def _estimate(
    settings: Settings, total_bytes: int, images: int, read_seconds: float, classes: int
) -> Estimate:
    splits = settings.data.splits
    total = splits.train + splits.eval + splits.test
    train, held_out = images * splits.train / total, images * splits.eval / total
    side, epochs = settings.transform.image_size, settings.trainer.epochs
    try:
        speed = measure_speed(settings.training_settings(), classes)
    except ValueError as error:
        raise UsageError(f"settings model.* and transform.image_size ({side}): {error}") from error
    training = epochs * (train + held_out * _EVALUATION_COST) / speed
    other = read_seconds + images / _TRANSFORM_IMAGES_PER_SECOND + images * _EVALUATION_COST / speed
    return Estimate(
        disk_bytes=round(total_bytes + images * 3 * side**2),
        seconds=_FIXED_SECONDS + other + training,
        training_seconds=training,
        images_per_second=speed,
    )


def _range(values: Sequence[int]) -> tuple[int, int, int]:
    return min(values), round(median(values)), max(values)


def _in_pixels(values: tuple[int, int, int]) -> str:
    low, middle, high = values
    return f"{low} px" if low == high else f"{low} to {high} px (median {middle})"
