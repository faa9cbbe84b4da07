"""The Beam functions of ExampleGen: assign each record to a split or to the quarantine."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import apache_beam as beam
import tensorflow as tf
from apache_beam.pvalue import TaggedOutput
from google.protobuf.message import DecodeError

from components.example_gen.checks import (
    InvalidRecord,
    RecordRules,
    check_record,
    extract_source,
)
from components.example_gen.image_statistics import ImageStatistics, measure_image
from components.example_gen.splits import assign_split
from components.image_hashes import difference_hash
from data.classes import normalize_class_name
from data.features import CLASS, IMAGE, LABEL, SOURCE
from data.ingestion_counts import QUARANTINE
from data.records import (
    bytes_feature,
    describe_damage,
    ints_feature,
    read_records,
    record_id,
)

OUTCOME = "outcome"


@dataclass(frozen=True)
class Record:
    """The content of a record and its location."""

    shard: str
    index: int
    content: bytes


@dataclass(frozen=True, order=True)
class RecordOutcome:
    """The outcome of a record, or of a file that is damaged or empty.

    Attributes:
      shard: Path of the file.
      index: Index of the record in its file; of a damaged file, the number of records before the
        damage.
      split: Name of the split; empty for a quarantined record or a file.
      label: Name of the class.
      image_hash: Difference hash of the image, as a 64-bit number.
      reason: Why the record is quarantined, or the kind and location of the damage.
      subject: What this is the outcome of.
      class_id: Id of the class.
      source: For a quarantined record, the path of the image file that it names, if any.
      ignored: The names of the features that are not read.
      statistics: Statistics of the image; None for a quarantined record.
      record_id: Id of the example, see `data.records.record_id`; empty for a quarantined record.
    """

    shard: str
    index: int
    split: str = ""
    label: str = ""
    image_hash: int = 0
    reason: str = ""
    subject: Literal["record", "damaged file", "empty file"] = "record"
    class_id: int = -1
    source: str = ""
    ignored: tuple[str, ...] = ()
    statistics: ImageStatistics | None = field(default=None, compare=False)
    record_id: str = ""


class ReadShard(beam.DoFn):
    """Yields the records of one TFRecord file, and an OUTCOME if the file is damaged or empty.

    It uses tf.data instead of Beam's reader, because its error contains the byte offset.
    """

    def process(self, shard: str) -> Iterator[Any]:
        index = 0
        try:
            for content in read_records(shard):
                yield Record(shard, index, content)
                index += 1
        except tf.errors.DataLossError as error:
            reason = describe_damage(error)
            yield TaggedOutput(
                OUTCOME, RecordOutcome(shard, index, reason=reason, subject="damaged file")
            )
        else:
            if index == 0:
                yield TaggedOutput(OUTCOME, RecordOutcome(shard, 0, subject="empty file"))


class DigestImage(beam.DoFn):
    """Yields (digest of the encoded image, label) of each record that has both."""

    def __init__(self, features: Mapping[str, str]):
        """Takes the names of the features in the records."""
        self._image, self._label = features[IMAGE], features.get(LABEL, features[CLASS])

    def process(self, record: Record) -> Iterator[tuple[bytes, bytes]]:
        try:
            features = tf.train.Example.FromString(record.content).features.feature
        except DecodeError:
            return
        images, label = features[self._image].bytes_list.value, features[self._label]
        labels = [*label.bytes_list.value, *(b"%d" % number for number in label.int64_list.value)]
        if len(images) == len(labels) == 1:
            yield hashlib.sha256(images[0]).digest(), _normal_label(labels[0])


class HashImage(beam.DoFn):
    """Yields the difference hash, 8 bytes, of the image of each valid record."""

    def __init__(self, rules: RecordRules):
        self._rules = rules

    def process(self, record: Record) -> Iterator[bytes]:
        try:
            valid = check_record(record.content, self._rules)
        except InvalidRecord:
            return
        yield difference_hash(valid.pixels)


class PartitionRecord(beam.DoFn):
    """Tags a record with its split or QUARANTINE, and its RecordOutcome with OUTCOME."""

    def __init__(self, weights: Mapping[str, int], salt: str, rules: RecordRules):
        """See `ImageExampleGen`."""
        self._weights, self._salt, self._rules = dict(weights), salt, rules

    def process(
        self, record: Record, conflicts: Mapping[bytes, str], groups: Mapping[bytes, bytes]
    ) -> Iterator[Any]:
        """Processes one record.

        `conflicts` are reasons by the digest of images that occur with different labels; `groups`
        maps hashes of near-duplicates to the hash that decides their split.
        """
        try:
            valid = check_record(record.content, self._rules)
            conflict = conflicts.get(hashlib.sha256(valid.image).digest())
            if conflict:
                raise InvalidRecord(conflict)
        except InvalidRecord as error:
            source = extract_source(record.content, self._rules.features)
            outcome = RecordOutcome(record.shard, record.index, reason=str(error), source=source)
            yield TaggedOutput(QUARANTINE, _encode_quarantined(record.content, outcome))
            yield TaggedOutput(OUTCOME, outcome)
            return
        image_hash = difference_hash(valid.pixels)
        split = assign_split(groups.get(image_hash, image_hash), self._weights, self._salt)
        yield TaggedOutput(split, valid.content)
        number = int.from_bytes(image_hash, "big")
        outcome = RecordOutcome(
            record.shard, record.index, split, valid.label, number, class_id=valid.class_id,
            ignored=valid.ignored, statistics=measure_image(valid.pixels),
            record_id=record_id(valid.content),
        )  # fmt: skip
        yield TaggedOutput(OUTCOME, outcome)


def _normal_label(label: bytes) -> bytes:
    """Returns a label as the class name that it stands for; as it is if it is invalid."""
    try:
        return normalize_class_name(label.decode()).encode()
    except ValueError:
        return label


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


def _encode_quarantined(content: bytes, outcome: RecordOutcome) -> bytes:
    """Returns a serialized tf.train.Example with the record and its outcome."""
    features = {
        "record": bytes_feature(content),
        "shard": bytes_feature(outcome.shard.encode()),
        "index": ints_feature([outcome.index]),
        "reason": bytes_feature(outcome.reason.encode()),
        SOURCE: bytes_feature(outcome.source.encode()),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
