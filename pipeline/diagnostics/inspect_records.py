"""`flowers data inspect`: what records hold, and what a run on them would take."""

import hashlib
import io
import logging
import statistics
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from PIL import Image
from pydantic import BaseModel

from components.example_gen.checks import InvalidRecord, check_record
from components.example_gen.near_duplicates import near_duplicate_pairs
from components.example_gen.partition import conflicting_labels_reason
from components.example_gen.splits import difference_hash
from components.trainer.speed import measure_speed
from data.class_scan import scan_classes
from data.classes import read_source_labels
from data.common.errors import UsageError
from data.common.formatting import format_duration, format_list, format_size
from data.ingestion_counts import FIRST_BAD, BadRecord
from data.sources import check_first_records, list_files, measure, resolve
from pipeline.settings.settings import Settings

# Imports, TFT's tracing, TFMA and all that does not grow with the data; Transform reads this many
# images a second, and evaluating an image takes this share of training on it: see BENCHMARKS.md.
_FIXED_SECONDS = 50
_TRANSFORM_IMAGES_PER_SECOND = 300
_FORWARD_SHARE = 1 / 3
progress = logging.getLogger("flowers.progress")


class Estimate(BaseModel):
    """What a run would take: bytes under its root, seconds, and images a second in training."""

    disk_bytes: int
    seconds: float
    training_seconds: float
    images_per_second: float


class Inspection(BaseModel):
    """What records hold.

    Attributes:
      files, records, bytes: how much there is.
      spans: their names; none where the data has no spans.
      class_names: in the order of their ids.
      classes: good records by class.
      formats: good records by format of the image.
      widths, heights: smallest, median and largest, in pixels.
      identical: images that were there before, byte for byte.
      near_duplicates: pairs of different images that show almost the same.
      bad: records by reason.
      first_bad: a few of these.
      estimate: of a run.
    """

    files: int
    records: int
    bytes: int
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
    estimate: Estimate


class _Tally:
    """What is kept of each record: a few numbers, never the image."""

    def __init__(self, class_names: Sequence[str], max_pixels: int):
        self._check = (class_names, max_pixels)
        self.records = 0
        self.classes: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.first_bad: list[BadRecord] = []
        self.sizes: list[tuple[int, int]] = []
        self.hashes: set[int] = set()
        self.labels_of: dict[bytes, Counter[str]] = {}

    def add(self, shard: str, index: int, content: bytes) -> None:
        self.records += 1
        try:
            good = check_record(content, *self._check)
        except InvalidRecord as bad:
            self.bad[str(bad)] += 1
            if len(self.first_bad) < FIRST_BAD:
                self.first_bad.append(BadRecord(shard=shard, index=index, reason=str(bad)))
            return
        self.classes[good.label] += 1
        with Image.open(io.BytesIO(good.image)) as image:
            self.formats[str(image.format)] += 1
        self.sizes.append((good.pixels.shape[1], good.pixels.shape[0]))
        self.hashes.add(int.from_bytes(difference_hash(good.pixels), "big"))
        digest = hashlib.sha256(good.image).digest()
        self.labels_of.setdefault(digest, Counter())[good.label] += 1

    def doubt(self) -> None:
        """Makes bad records of the images that come under several labels, once all are added."""
        for digest, labels in list(self.labels_of.items()):
            if len(labels) > 1:
                self.bad[conflicting_labels_reason(labels)] += labels.total()
                self.classes.subtract(labels)
                del self.labels_of[digest]


def inspect_records(settings: Settings) -> Inspection:
    """Reads all records that `data` of the settings names, and decodes every image.

    Raises:
      UsageError: there are none, or a file is no readable TFRecord file.
      DataRefused: neither settings nor `labels.txt` nor records say which classes there are.
    """
    data = settings.data
    source = resolve(data.source, data.public_size, data.spans)
    files = list_files(source)
    check_first_records(source, files)
    names = data.classes or read_source_labels(source, files) or scan_classes(files)
    tally = _Tally(names, data.max_pixels)
    total_bytes, about = (0, 0) if source.remote else measure(files)
    progress.debug("records", extra={"total": about or None})
    started = time.perf_counter()
    for file in files:
        _read(file, tally)
    seconds = time.perf_counter() - started
    tally.doubt()
    good = tally.classes.total()
    widths, heights = zip(*tally.sizes, strict=True) if tally.sizes else ((0,), (0,))
    return Inspection(
        files=len(files),
        records=tally.records,
        bytes=total_bytes,
        spans=[span.name for span in source.spans],
        class_names=names,
        classes=dict(sorted(tally.classes.items())),
        formats=dict(tally.formats.most_common()),
        widths=_range(widths),
        heights=_range(heights),
        identical=good - len(tally.labels_of),
        near_duplicates=len(near_duplicate_pairs(np.array(sorted(tally.hashes), np.uint64))),
        bad=dict(tally.bad.most_common()),
        first_bad=tally.first_bad,
        estimate=_estimate(settings, total_bytes, good, seconds, len(names)),
    )


def format_inspection(found: Inspection, settings: Settings) -> list[str]:
    """Returns what was found as lines for a person."""
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
        f"  {found.identical} are there already byte for byte, {found.near_duplicates} pairs are "
        "near-duplicates",
        f"bad: {sum(found.bad.values()) or 'none'}",
        *(f"  {number} x {reason}" for reason, number in found.bad.items()),
        *(f"  {bad.shard} record {bad.index}: {bad.reason}" for bad in found.first_bad),
    ]
    if sum(found.bad.values()) > data.max_bad_fraction * found.records:
        lines.append(
            f"  a run would refuse them: data.max_bad_fraction is {data.max_bad_fraction:.1%}"
        )
    return [
        *lines,
        f"A run with {settings.model.name} at {settings.transform.image_size} px, "
        f"{settings.trainer.epochs} epochs: about {format_duration(estimate.seconds)} here, "
        f"{format_duration(estimate.training_seconds)} of it training "
        f"({estimate.images_per_second:.0f} images/s, just measured); "
        f"about {format_size(estimate.disk_bytes)} under --root",
    ]


def _read(file: str, tally: _Tally) -> None:
    index = 0
    try:
        for content in tf.data.TFRecordDataset(file).as_numpy_iterator():
            tally.add(file, index, content)
            progress.debug("%s", file, extra={"advance": 1})
            index += 1
    except tf.errors.OpError as error:
        progress.info("%s breaks off after record %d: %s", file, index, error.message)


def _estimate(
    settings: Settings, total_bytes: int, images: int, reading: float, classes: int
) -> Estimate:
    shares = settings.data.splits
    whole = shares.train + shares.eval + shares.test
    train, held_out = images * shares.train / whole, images * shares.eval / whole
    side, epochs = settings.transform.image_size, settings.trainer.epochs
    try:
        speed = measure_speed(settings.training_settings(), classes)
    except ValueError as error:
        raise UsageError(f"settings model.* and transform.image_size ({side}): {error}") from error
    training = epochs * (train + held_out * _FORWARD_SHARE) / speed
    other = reading + images / _TRANSFORM_IMAGES_PER_SECOND + images * _FORWARD_SHARE / speed
    return Estimate(
        disk_bytes=round(total_bytes + images * 3 * side**2),
        seconds=_FIXED_SECONDS + other + training,
        training_seconds=training,
        images_per_second=speed,
    )


def _range(values: Sequence[int]) -> tuple[int, int, int]:
    return min(values), round(statistics.median(values)), max(values)


def _in_pixels(values: tuple[int, int, int]) -> str:
    low, middle, high = values
    return f"{low} px" if low == high else f"{low} to {high} px (median {middle})"
