"""Assigns each record to a split or to the quarantine."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import tensorflow as tf
from google.protobuf.message import DecodeError

from components.example_gen.checks import (
    InvalidRecord,
    RecordRules,
    check_record,
    extract_source,
    parse_record,
)
from components.example_gen.image_statistics import ImageStatistics, measure_image
from components.example_gen.splits import assign_split
from components.image_hashes import difference_hash
from data.classes import normalize_class_name
from data.features import CLASS, IMAGE, LABEL, SOURCE
from data.records import ReadError, bytes_feature, ints_feature, record_id


@dataclass(frozen=True)
class Record:
    """The content of a record and its location."""

    shard: str
    index: int
    content: bytes


@dataclass(frozen=True, order=True, slots=True)
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
      digest: SHA-256 of the encoded image; empty unless the record has exactly one.
      given_label: The label in the record, valid or not; None unless it has exactly one.
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
    digest: bytes = b""
    given_label: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Partition:
    """How records are partitioned; see `ImageExampleGen`."""

    weights: Mapping[str, int]
    salt: str
    rules: RecordRules

    def assign(self, record: Record | RecordOutcome) -> tuple[RecordOutcome, bytes]:
        """Returns the outcome of a record, and what is written to its split or the quarantine.

        The outcome of a file is returned as it is, and nothing is written.
        """
        if isinstance(record, RecordOutcome):
            return record, b""
        digest, given_label = identify(record.content, self.rules.features)
        try:
            valid = check_record(record.content, self.rules)
        except InvalidRecord as error:
            return self.quarantine(record, str(error), digest, given_label)
        image_hash = difference_hash(valid.pixels)
        outcome = RecordOutcome(
            record.shard, record.index, self.split_of(image_hash), valid.label,
            int.from_bytes(image_hash, "big"), class_id=valid.class_id, ignored=valid.ignored,
            statistics=measure_image(valid.pixels), record_id=record_id(valid.content),
            digest=digest, given_label=given_label,
        )  # fmt: skip
        return outcome, valid.content

    def quarantine(
        self, record: Record, reason: str, digest: bytes = b"", given_label: str | None = None
    ) -> tuple[RecordOutcome, bytes]:
        """Returns the outcome of a bad record, and what is written to the quarantine."""
        outcome = RecordOutcome(
            record.shard, record.index, reason=reason, digest=digest, given_label=given_label,
            source=extract_source(record.content, self.rules.features),
        )  # fmt: skip
        return outcome, _encode_quarantined(record.content, outcome)

    def reassign(self, record: Record, outcome: RecordOutcome) -> tuple[RecordOutcome, bytes]:
        """Returns what `assign` returns for a record whose split or reason is known.

        Raises:
          ReadError: It is not the record that was assigned.
        """
        if not outcome.split:
            if identify(record.content, self.rules.features)[0] == outcome.digest:
                return self.quarantine(record, outcome.reason)
        else:
            with suppress(InvalidRecord):
                content = parse_record(record.content, self.rules).content
                if record_id(content) == outcome.record_id:
                    return outcome, content
        raise ReadError(f"{record.shard} was changed while it was read")

    def split_of(self, image_hash: bytes) -> str:
        """Returns the split of an image hash."""
        return assign_split(image_hash, self.weights, self.salt)


def identify(content: bytes, features: Mapping[str, str]) -> tuple[bytes, str | None]:
    """Returns the digest of the image of a record, and its label; see `RecordOutcome`.

    Args:
      content: A serialized tf.train.Example, valid or not.
      features: The names of the features in the records, see `data.features.feature_names`.
    """
    try:
        parsed = tf.train.Example.FromString(content).features.feature
    except DecodeError:
        return b"", None
    images = parsed[features[IMAGE]].bytes_list.value
    if len(images) != 1:
        return b"", None
    label = parsed[features.get(LABEL, features[CLASS])]
    labels = [*label.bytes_list.value, *(b"%d" % number for number in label.int64_list.value)]
    given_label = _normal_label(labels[0]) if len(labels) == 1 else None
    return hashlib.sha256(images[0]).digest(), given_label


def _normal_label(label: bytes) -> str:
    """Returns a label as the class name that it stands for; as it is if it is invalid."""
    try:
        return normalize_class_name(label.decode())
    except ValueError:
        return label.decode(errors="replace")


def _encode_quarantined(content: bytes, outcome: RecordOutcome) -> bytes:
    """Returns a serialized tf.train.Example with the record and its outcome."""
    features = {
        "record": bytes_feature(content),
        "shard": bytes_feature(outcome.shard.encode()),
        "index": ints_feature([outcome.index]),
        "reason": bytes_feature(outcome.reason.encode()),
        SOURCE: bytes_feature(outcome.source.encode()),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)
