"""The Beam functions of ExampleGen: assign each record to a split or to the quarantine."""

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
from components.example_gen.splits import assign_split, difference_hash
from data.features import IMAGE, LABEL
from data.ingestion_counts import QUARANTINE
from data.records import bytes_feature, describe_read_error, ints_feature

OUTCOME = "outcome"


@dataclass(frozen=True)
class Record:
    """The content of a record and its location."""

    shard: str
    index: int
    content: bytes


@dataclass(frozen=True, order=True)
class RecordOutcome:
    """The outcome of a record, or of a damaged file.

    Attributes:
      shard: Path of the file.
      index: Index of the record in its file; of a damaged file, the number of records before the
        damage.
      split: Name of the split; empty for a quarantined record or a damaged file.
      label: Name of the class.
      image_hash: Difference hash of the image, as a 64-bit number.
      reason: Why the record is quarantined, or the kind and location of the damage.
      file_broken: Whether this is the outcome of a damaged file.
      class_id: Id of the class.
      statistics: Statistics of the image; None for a quarantined record.
    """

    shard: str
    index: int
    split: str = ""
    label: str = ""
    image_hash: int = 0
    reason: str = ""
    file_broken: bool = False
    class_id: int = -1
    statistics: ImageStatistics | None = field(default=None, compare=False)


class ReadShard(beam.DoFn):
    """Yields the records of one TFRecord file, and an OUTCOME if the file is damaged.

    It uses tf.data instead of Beam's reader, because its error contains the byte offset.
    """

    def process(self, shard: str) -> Iterator[Any]:
        index = 0
        try:
            for content in tf.data.TFRecordDataset(shard).as_numpy_iterator():
                yield Record(shard, index, content)
                index += 1
        except tf.errors.OpError as error:
            reason = describe_read_error(error)
            yield TaggedOutput(
                OUTCOME, RecordOutcome(shard, index, reason=reason, file_broken=True)
            )


class DigestImage(beam.DoFn):
    """Yields (digest of the encoded image, label) of each record that has both."""

    def process(self, record: Record) -> Iterator[tuple[bytes, bytes]]:
        try:
            features = tf.train.Example.FromString(record.content).features.feature
        except DecodeError:
            return
        images, labels = features[IMAGE].bytes_list.value, features[LABEL].bytes_list.value
        if len(images) == len(labels) == 1:
            yield hashlib.sha256(images[0]).digest(), labels[0]


class HashImage(beam.DoFn):
    """Yields the difference hash, 8 bytes, of the image of each valid record."""

    def __init__(self, class_names: Sequence[str], max_pixels: int):
        """See `ImageExampleGen`."""
        self._class_names, self._max_pixels = list(class_names), max_pixels

    def process(self, record: Record) -> Iterator[bytes]:
        try:
            decoded = check_record(record.content, self._class_names, self._max_pixels)
        except InvalidRecord:
            return
        yield difference_hash(decoded.pixels)


class PartitionRecord(beam.DoFn):
    """Tags a record with its split or QUARANTINE, and its RecordOutcome with OUTCOME."""

    def __init__(
        self, weights: Mapping[str, int], salt: str, class_names: Sequence[str], max_pixels: int
    ):
        """See `ImageExampleGen`."""
        self._weights, self._salt = dict(weights), salt
        self._class_names, self._max_pixels = list(class_names), max_pixels

    def process(
        self, record: Record, conflicts: Mapping[bytes, str], groups: Mapping[bytes, bytes]
    ) -> Iterator[Any]:
        """Processes one record.

        `conflicts` are reasons by the digest of images that occur with different labels; `groups`
        maps hashes of near-duplicates to the hash that decides their split.
        """
        try:
            decoded = check_record(record.content, self._class_names, self._max_pixels)
            conflict = conflicts.get(hashlib.sha256(decoded.image).digest())
            if conflict:
                raise InvalidRecord(conflict)
        except InvalidRecord as error:
            reason = str(error)
            yield TaggedOutput(QUARANTINE, _encode_quarantined(record, reason))
            yield TaggedOutput(OUTCOME, RecordOutcome(record.shard, record.index, reason=reason))
            return
        image_hash = difference_hash(decoded.pixels)
        split = assign_split(groups.get(image_hash, image_hash), self._weights, self._salt)
        yield TaggedOutput(split, record.content)
        number = int.from_bytes(image_hash, "big")
        outcome = RecordOutcome(
            record.shard, record.index, split, decoded.label, number,
            class_id=decoded.class_id, statistics=measure_image(decoded.pixels),
        )  # fmt: skip
        yield TaggedOutput(OUTCOME, outcome)


def conflicting_labels(
    labels_of_image: tuple[bytes, Iterable[bytes]],
) -> Iterator[tuple[bytes, str]]:
    """Yields the digest and the reason if an image has more than one label."""
    digest, labels = labels_of_image
    distinct = {label.decode(errors="replace") for label in labels}
    if len(distinct) > 1:
        yield digest, conflicting_labels_reason(distinct)


def conflicting_labels_reason(labels: Iterable[str]) -> str:
    """Returns the reason why an image with these labels is quarantined."""
    return f"identical images with different labels: {', '.join(sorted(labels))}"


def _encode_quarantined(record: Record, reason: str) -> bytes:
    """Returns a serialized tf.train.Example with `record`, `shard`, `index` and `reason`."""
    features = {
        "record": bytes_feature(record.content),
        "shard": bytes_feature(record.shard.encode()),
        "index": ints_feature([record.index]),
        "reason": bytes_feature(reason.encode()),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
