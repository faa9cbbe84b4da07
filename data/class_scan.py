"""Finds the classes by reading all records."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import tensorflow as tf
from google.protobuf.message import DecodeError

from data.classes import infer_classes, normalize_class_name
from data.common.progress import progress
from data.features import CLASS, LABEL
from data.records import read_records

_PROGRESS_INTERVAL = 1000


def scan_classes(files: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Returns the class names found in record files, in the order of their ids.

    Args:
      files: Paths of the record files.
      names: The names of the features in the records, see `data.features.feature_names`.

    Raises:
      DataRefused: The records do not determine the classes.
      ReadError: A file cannot be read now.
    """
    return infer_classes(Counter(_labels(files, names)))


def _labels(files: Sequence[str], names: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Yields id and label of each record that has exactly one of both."""
    number = 0
    for file in files:
        try:
            for content in read_records(file):
                number += 1
                if number % _PROGRESS_INTERVAL == 0:
                    progress.debug("looking for the classes: %d records", number)
                yield from _record_label(content, names)
        except tf.errors.DataLossError:
            # ExampleGen reports damaged files.
            continue


def _record_label(content: bytes, names: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    try:
        feature = tf.train.Example.FromString(content).features.feature
    except DecodeError:
        return
    ids = feature[names[CLASS]].int64_list.value
    labels = feature[names.get(LABEL, "")].bytes_list.value
    if len(ids) == len(labels) == 1:
        # ExampleGen quarantines records with invalid labels.
        with suppress(ValueError):
            yield ids[0], normalize_class_name(labels[0].decode())
