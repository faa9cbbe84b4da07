"""What ExampleGen has to write, by a plain implementation that reads all records twice."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError

from components.example_gen.checks import InvalidRecord, RecordRules, check_record, extract_source
from components.example_gen.image_statistics import measure_image
from components.example_gen.near_duplicates import group_representatives
from components.example_gen.partition import Record, RecordOutcome
from components.example_gen.splits import assign_split
from components.image_hashes import difference_hash
from data.records import record_id


def partition_records(
    records: Sequence[Record], weights: Mapping[str, int], rules: RecordRules, grouped: bool
) -> Iterator[RecordOutcome]:
    """Yields the outcome of each record; `grouped` is `data.group_near_duplicates`."""
    labels = _labels_by_image(records)
    groups = group_representatives(set(_hashes(records, rules))) if grouped else {}
    for record in records:
        try:
            valid = check_record(record.content, rules)
            if len(found := labels[hashlib.sha256(valid.image).digest()]) > 1:
                names = ", ".join(sorted(found))
                raise InvalidRecord(f"identical images with different labels: {names}")
        except InvalidRecord as error:
            source = extract_source(record.content)
            yield RecordOutcome(record.shard, record.index, reason=str(error), source=source)
            continue
        image_hash = difference_hash(valid.pixels)
        yield RecordOutcome(
            record.shard, record.index, assign_split(groups.get(image_hash, image_hash), weights),
            valid.label, int.from_bytes(image_hash, "big"), class_id=valid.class_id,
            statistics=measure_image(valid.pixels), record_id=record_id(valid.content),
        )  # fmt: skip


def _labels_by_image(records: Sequence[Record]) -> dict[bytes, set[str]]:
    """Returns the labels that each image has in records, valid or not, by its digest."""
    labels = defaultdict(set)
    for record in records:
        try:
            feature = tf.train.Example.FromString(record.content).features.feature
        except DecodeError:
            continue
        images, names = feature["image"].bytes_list.value, feature["label"].bytes_list.value
        if len(images) == len(names) == 1:
            labels[hashlib.sha256(images[0]).digest()].add(names[0].decode())
    return labels


def _hashes(records: Sequence[Record], rules: RecordRules) -> Iterator[bytes]:
    for record in records:
        try:
            yield difference_hash(check_record(record.content, rules).pixels)
        except InvalidRecord:
            continue
