"""Looks into record files before a run: how large they are, and whether it can read them."""

import gzip
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice

from data.common.errors import TransientError, UsageError
from data.common.files import GZIP_START
from data.sources import Source, is_data_file

# A TFRecord consists of a length and data, each with a checksum.
_LENGTH = struct.Struct("<Q")
_FRAME_BYTES = 16
# How many records may be bad before their layout is in doubt.
_LAYOUT_RECORDS = 100


def measure(files: Sequence[str]) -> tuple[int, int]:
    """Returns the size of local record files in bytes, and an estimate of the number of records.

    The estimate is based on the length of the first record of each file.
    """
    total, records = 0, 0
    for file in files:
        size = os.path.getsize(file)
        total += size
        records += size // (_first_length(file) + _FRAME_BYTES)
    return total, records


def check_first_records(source: Source, files: Sequence[str], names: Mapping[str, str]) -> None:
    """Reads the first record of every file, so that a wrong path fails before any work is done.

    Args:
      source: The source.
      files: The paths of its record files.
      names: The names of the features in the records, see `data.features.feature_names`.

    Raises:
      UsageError: A file cannot be read or is not a TFRecord file, all files are empty, or the
        records have other features; or TensorFlow, which ExampleGen uses, expands a pattern to
        other files.
    """
    import tensorflow as tf

    from data.record_layout import find_layout_problem

    matched = {path for glob in source.globs for path in tf.io.gfile.glob(glob)}
    if sorted(filter(is_data_file, matched)) != sorted(files):
        raise UsageError(f"--data: TensorFlow reads the pattern {source} differently; simplify it")
    first = {file: records[0] for file in files if (records := _first_records(file, 1))}
    if not first:
        raise UsageError(f"--data: the {len(files)} files of {source} contain no records")
    if find_layout_problem(list(first.values()), names):
        # ExampleGen quarantines single bad records, so others are tried.
        file = next(iter(first))
        if problem := find_layout_problem(_first_records(file, _LAYOUT_RECORDS), names):
            raise UsageError(f"{file}: {problem}")


def _first_records(file: str, number: int) -> list[bytes]:
    import tensorflow as tf

    from data.records import ReadError, read_records

    try:
        return list(islice(read_records(file), number))
    except tf.errors.DataLossError as error:
        raise UsageError(f"{file} is not a readable TFRecord file: {error.message}") from error
    except ReadError as error:
        kind = TransientError if "://" in file else UsageError
        raise kind(str(error)) from error


def _first_length(file: str) -> int:
    """Returns the length of the first record in bytes; 0 if there is none.

    Images hardly shrink when they are compressed, so it is compared with the size of a compressed
    file, too.
    """
    with open(file, "rb") as stream:
        start = stream.read(_LENGTH.size)
    if start.startswith(GZIP_START):
        with suppress(OSError, EOFError, zlib.error), gzip.open(file) as unpacked:
            start = unpacked.read(_LENGTH.size)
    return int(_LENGTH.unpack(start)[0]) if len(start) == _LENGTH.size else 0
