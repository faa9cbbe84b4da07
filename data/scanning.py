"""Reading all records for the classes that they name."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence

import tensorflow as tf
from google.protobuf.message import DecodeError

from data.classes import agreed
from data.features import CLASS, LABEL

_TELL_EACH = 1000
progress = logging.getLogger("flowers.progress")


def classes_in(files: Sequence[str]) -> list[str]:
    """Returns the classes that the records of some files name, in the order of their ids.

    Raises:
      DataRefused: the records don't say it plainly.
    """
    return agreed(Counter(_labels(files)))


def _labels(files: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yields id and label of each record that has one of either."""
    number = 0
    for file in files:
        try:
            for content in tf.data.TFRecordDataset(file).as_numpy_iterator():
                number += 1
                if number % _TELL_EACH == 0:
                    progress.debug("looking for the classes: %d records", number)
                yield from _labels_of(content)
        except tf.errors.OpError:
            # ExampleGen says where a file breaks off, and what is to be done.
            continue


def _labels_of(content: bytes) -> Iterator[tuple[int, str]]:
    try:
        feature = tf.train.Example.FromString(content).features.feature
    except DecodeError:
        return
    ids, labels = feature[CLASS].int64_list.value, feature[LABEL].bytes_list.value
    if len(ids) == len(labels) == 1:
        yield ids[0], labels[0].decode(errors="replace")
