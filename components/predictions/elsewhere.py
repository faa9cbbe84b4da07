"""Labelled images from elsewhere: images that are in no split of a model's own data."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import tensorflow as tf

from components.example_gen.checks import (
    InvalidRecord,
    RecordRules,
    check_elsewhere,
    extract_source,
)
from components.predictions.table import EXTRA
from data.records import describe_damage, open_writer, read_records

_MOST_REASONS = 10


class Located(NamedTuple):
    """A record and where it is from; without content, `problem` says why it cannot be read."""

    origin: str
    content: bytes
    problem: str = ""


class LeftOut(NamedTuple):
    """An image that is left out, and why."""

    origin: str
    reason: str


def locate_records(files: Iterable[str]) -> Iterator[Located]:
    """Yields the records of TFRecord files; a damaged file ends with its problem."""
    for file in files:
        index = 0
        try:
            for content in read_records(file):
                yield Located(f"{file}#{index}", content)
                index += 1
        except tf.errors.DataLossError as error:
            yield Located(f"{file}#{index}", b"", f"the rest is lost: {describe_damage(error)}")


def write_extra(
    records: Iterable[Located], rules: RecordRules, folder: str
) -> tuple[int, list[LeftOut]]:
    """Writes the valid records as the split EXTRA of a folder, with the class ids of a model.

    Args:
      records: The records.
      rules: The rules; `class_names` are those of the model.
      folder: The folder of the split.

    Returns:
      The number of records that were written, and what is left out.
    """
    written, left_out = 0, []
    split = os.path.join(folder, f"Split-{EXTRA}")
    os.makedirs(split)
    with open_writer(os.path.join(split, "data_tfrecord.gz")) as writer:
        for record in records:
            try:
                if record.problem:
                    raise InvalidRecord(record.problem)
                writer.write(check_elsewhere(record.content, rules))
                written += 1
            except InvalidRecord as error:
                left_out.append(LeftOut(_origin(record, rules), str(error)))
    return written, left_out


def explain_unusable(where: str, left_out: Sequence[LeftOut]) -> list[str]:
    """Returns why no image can be used, as lines: the first reasons and the number of the rest."""
    lines = [f"{item.origin}: {item.reason}" for item in left_out[:_MOST_REASONS]]
    more = len(left_out) - len(lines)
    return [f"no image of {where} can be used", *lines, *([f"and {more} more"] if more else [])]


def _origin(record: Located, rules: RecordRules) -> str:
    source = extract_source(record.content, rules.features)
    return f"{record.origin} ({source})" if source not in ("", record.origin) else record.origin
