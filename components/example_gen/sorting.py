"""The Beam part of ExampleGen: each record goes to its split, or is set aside with a reason."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.pvalue import TaggedOutput
from google.protobuf.message import DecodeError

from components.example_gen.splits import difference_hash, split_of
from components.transform.images import decode_rgb
from data.records import CLASS, IMAGE, LABEL

QUARANTINE = "quarantine"
OUTCOME = "outcome"


@dataclass(frozen=True)
class Record:
    """One record as it lies in its shard, and where that is."""

    shard: str
    index: int
    content: bytes


@dataclass(frozen=True, order=True)
class Outcome:
    """What became of one record, or where a file broke off: `split` is then empty."""

    shard: str
    index: int
    split: str = ""
    label: str = ""
    reason: str = ""
    file_broken: bool = False


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
            problem = Outcome(shard, index, reason=_broken_at(error), file_broken=True)
            yield TaggedOutput(OUTCOME, problem)


class SortRecord(beam.DoFn):
    """Tags a record with its split or with QUARANTINE, and what became of it with OUTCOME."""

    def __init__(self, weights: Mapping[str, int], salt: str):
        self._weights = dict(weights)
        self._salt = salt

    def process(self, record: Record) -> Iterator[Any]:
        example, image, problem = _decode(record.content)
        if problem:
            yield TaggedOutput(QUARANTINE, _quarantined(record, problem))
            yield TaggedOutput(OUTCOME, Outcome(record.shard, record.index, reason=problem))
            return
        split = split_of(difference_hash(image), self._weights, self._salt)
        yield TaggedOutput(split, record.content)
        yield TaggedOutput(OUTCOME, Outcome(record.shard, record.index, split, _label(example)))


def _broken_at(error: tf.errors.OpError) -> str:
    """Returns the part of TensorFlow's message that says what is broken, and at which byte."""
    found = re.search(r"(truncated|corrupted) record at (\d+)", error.message)
    return f"{found[1]} record at byte {found[2]}" if found else str(error.message)


def _decode(content: bytes) -> tuple[tf.train.Example, np.ndarray, str]:
    """Returns the example, its pixels and what is wrong with it (empty if nothing is)."""
    nothing = np.zeros([0, 0, 3], np.uint8)
    try:
        example = tf.train.Example.FromString(content)
    except DecodeError:
        return tf.train.Example(), nothing, "no tf.Example"
    images = example.features.feature[IMAGE].bytes_list.value
    if len(images) != 1:
        return example, nothing, f"{len(images)} values in the feature {IMAGE!r} instead of one"
    try:
        return example, decode_rgb(tf.constant(images[0])).numpy(), ""
    except tf.errors.OpError:
        return example, nothing, "the image can't be decoded"


def _label(example: tf.train.Example) -> str:
    features = example.features.feature
    labels, classes = features[LABEL].bytes_list.value, features[CLASS].int64_list.value
    return labels[0].decode(errors="replace") if labels else str(classes[0] if classes else "none")


def _quarantined(record: Record, reason: str) -> bytes:
    """Returns a tf.train.Example of `record`, `shard`, `index` and `reason`, serialized."""
    features = {
        "record": _bytes(record.content),
        "shard": _bytes(record.shard.encode()),
        "index": tf.train.Feature(int64_list=tf.train.Int64List(value=[record.index])),
        "reason": _bytes(reason.encode()),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
