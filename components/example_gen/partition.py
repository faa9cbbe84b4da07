"""The Beam part of ExampleGen: each record goes to its split, or is set aside with a reason."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.pvalue import TaggedOutput
from google.protobuf.message import DecodeError

from components.example_gen.checks import InvalidRecord, check_record
from components.example_gen.image_statistics import ImageStatistics, measure_image
from components.example_gen.splits import difference_hash, split_of
from data.features import IMAGE, LABEL
from data.ingestion_counts import QUARANTINE
from data.records import broken_at, bytes_feature, ints_feature

OUTCOME = "outcome"


@dataclass(frozen=True)
class Record:
    """One record as it lies in its shard, and where that is."""

    shard: str
    index: int
    content: bytes


@dataclass(frozen=True, order=True)
class RecordOutcome:
    """What became of one record, or where a file broke off: `split` is then empty.

    `image_hash` is the difference hash of its image, as a number of 64 bits; `class_id` the class
    that it names; `look` what is measured of the image, None of a record that is set aside.
    """

    shard: str
    index: int
    split: str = ""
    label: str = ""
    image_hash: int = 0
    reason: str = ""
    file_broken: bool = False
    class_id: int = -1
    look: ImageStatistics | None = field(default=None, compare=False)


class ReadShard(beam.DoFn):
    """Yields the records of one TFRecord file; where it breaks off, an OUTCOME says so.

    tf.data reads it and not Beam: its error names the byte where the file is broken.
    """

    def process(self, shard: str) -> Iterator[Any]:
        index = 0
        try:
            for content in tf.data.TFRecordDataset(shard).as_numpy_iterator():
                yield Record(shard, index, content)
                index += 1
        except tf.errors.OpError as error:
            problem = RecordOutcome(shard, index, reason=broken_at(error), file_broken=True)
            yield TaggedOutput(OUTCOME, problem)


class DigestImage(beam.DoFn):
    """Yields (digest of the encoded image, label), where a record has both."""

    def process(self, record: Record) -> Iterator[tuple[bytes, bytes]]:
        try:
            features = tf.train.Example.FromString(record.content).features.feature
        except DecodeError:
            return
        images, labels = features[IMAGE].bytes_list.value, features[LABEL].bytes_list.value
        if len(images) == len(labels) == 1:
            yield hashlib.sha256(images[0]).digest(), labels[0]


class HashImage(beam.DoFn):
    """Yields the difference hash of each good record's image, as 8 bytes."""

    def __init__(self, class_names: Sequence[str], max_pixels: int):
        """See `ImageExampleGen`."""
        self._class_names, self._max_pixels = list(class_names), max_pixels

    def process(self, record: Record) -> Iterator[bytes]:
        try:
            good = check_record(record.content, self._class_names, self._max_pixels)
        except InvalidRecord:
            return
        yield difference_hash(good.pixels)


class PartitionRecord(beam.DoFn):
    """Tags a record with its split or with QUARANTINE, and what became of it with OUTCOME."""

    def __init__(
        self, weights: Mapping[str, int], salt: str, class_names: Sequence[str], max_pixels: int
    ):
        """See `ImageExampleGen`."""
        self._weights = dict(weights)
        self._salt = salt
        self._class_names = list(class_names)
        self._max_pixels = max_pixels

    def process(
        self, record: Record, doubted: Mapping[bytes, str], groups: Mapping[bytes, bytes]
    ) -> Iterator[Any]:
        """Sorts one record.

        Args:
          record: as it was read.
          doubted: images that come under several labels, by digest, and the reason in words.
          groups: the hashes that go where another hash goes, which is the value.
        """
        try:
            good = check_record(record.content, self._class_names, self._max_pixels)
            labels = doubted.get(hashlib.sha256(good.image).digest())
            if labels:
                raise InvalidRecord(labels)
        except InvalidRecord as bad:
            reason = str(bad)
            yield TaggedOutput(QUARANTINE, _quarantined(record, reason))
            yield TaggedOutput(OUTCOME, RecordOutcome(record.shard, record.index, reason=reason))
            return
        image_hash = difference_hash(good.pixels)
        split = split_of(groups.get(image_hash, image_hash), self._weights, self._salt)
        yield TaggedOutput(split, record.content)
        number = int.from_bytes(image_hash, "big")
        outcome = RecordOutcome(
            record.shard, record.index, split, good.label, number,
            class_id=good.class_id, look=measure_image(good.pixels),
        )  # fmt: skip
        yield TaggedOutput(OUTCOME, outcome)


def conflicting_labels(
    labels_of_image: tuple[bytes, Iterable[bytes]],
) -> Iterator[tuple[bytes, str]]:
    """Yields an image's digest and why it is in doubt, if it has more than one label."""
    digest, labels = labels_of_image
    distinct = {label.decode(errors="replace") for label in labels}
    if len(distinct) > 1:
        yield digest, conflicting_labels_reason(distinct)


def conflicting_labels_reason(labels: Iterable[str]) -> str:
    """Returns the reason why an image with these labels is set aside."""
    return f"the same image under several labels: {', '.join(sorted(labels))}"


def _quarantined(record: Record, reason: str) -> bytes:
    """Returns a tf.train.Example of `record`, `shard`, `index` and `reason`, serialized."""
    features = {
        "record": bytes_feature(record.content),
        "shard": bytes_feature(record.shard.encode()),
        "index": ints_feature([record.index]),
        "reason": bytes_feature(reason.encode()),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
