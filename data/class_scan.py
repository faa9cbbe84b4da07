"""Finds the classes by reading all records."""

from collections import Counter
from collections.abc import Iterator, Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError

from data.classes import infer_classes
from data.common.progress import progress
from data.features import CLASS, LABEL

_PROGRESS_INTERVAL = 1000


def scan_classes(files: Sequence[str]) -> list[str]:
    """Returns the class names found in record files, in the order of their ids.

    Raises:
      DataRefused: The records do not determine the classes.
    """
    return infer_classes(Counter(_labels(files)))


def _labels(files: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yields id and label of each record that has exactly one of both."""
    number = 0
    for file in files:
        try:
            for content in tf.data.TFRecordDataset(file).as_numpy_iterator():
                number += 1
                if number % _PROGRESS_INTERVAL == 0:
                    progress.debug("looking for the classes: %d records", number)
                yield from _record_label(content)
        except tf.errors.OpError:
            # ExampleGen reports damaged files.
            continue


def _record_label(content: bytes) -> Iterator[tuple[int, str]]:
    try:
        feature = tf.train.Example.FromString(content).features.feature
    except DecodeError:
        return
    ids, labels = feature[CLASS].int64_list.value, feature[LABEL].bytes_list.value
    if len(ids) == len(labels) == 1:
        yield ids[0], labels[0].decode(errors="replace")
