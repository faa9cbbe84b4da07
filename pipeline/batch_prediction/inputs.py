"""The files that `flowers predict-batch` reads, and how they are divided into shards."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.artifacts import gfile, read_bytes
from data.common.errors import TransientError, UsageError
from data.record_folder import WILDCARD
from pipeline.inference.input_images import files_in_folder, is_input_file, is_record_file

LIST_SUFFIX = ".txt"
_ALLOWED = (
    "a folder, a glob of images or record files ('**' for folders of any depth), a file, all of "
    f"them also on gs://, or a {LIST_SUFFIX} file with a path in each line"
)


def find_files(pattern: str) -> list[str]:
    """Returns the paths of the images and record files that a pattern names, sorted.

    Folders, also those that match a glob, are searched recursively, without hidden files and the
    lists that an import writes next to its records. The files of a list keep its order, and may be
    missing: each of them then gets an error of its own.

    Raises:
      UsageError: There are none.
      TransientError: They cannot be listed now.
    """
    files = _listed(pattern) if pattern.endswith(LIST_SUFFIX) else sorted(set(_matched(pattern)))
    if not files:
        raise UsageError(f"no files match {pattern}; predict-batch takes {_ALLOWED}")
    return files


def make_shards(files: Sequence[str], images: int) -> list[list[str]]:
    """Divides files into shards of so many images; each record file is a shard of its own."""
    shards: list[list[str]] = []
    for file in files:
        last = shards[-1] if shards else []
        if is_record_file(file) or not last or len(last) == images or is_record_file(last[0]):
            shards.append([file])
        else:
            last.append(file)
    return shards


def _listed(path: str) -> list[str]:
    if "://" not in path and not os.path.isfile(path):
        raise UsageError(f"{path} does not exist; predict-batch takes {_ALLOWED}")
    # Names may contain what `splitlines` takes for the end of a line.
    lines = read_bytes(path).decode("utf-8", "surrogateescape").split("\n")
    return [line.removesuffix("\r") for line in lines if line.strip()]


def _matched(pattern: str) -> Iterator[str]:
    if "://" in pattern:
        yield from _matched_remote(pattern)
        return
    # The name of a file may contain the characters of a glob.
    found = [pattern] if os.path.exists(pattern) else glob.glob(pattern, recursive=True)
    for path in found:
        if os.path.isdir(path):
            yield from (str(file) for file, _ in files_in_folder(Path(path)))
        elif is_input_file(path) or path == pattern:
            yield path


def _matched_remote(pattern: str) -> Iterator[str]:
    import tensorflow as tf

    try:
        found = gfile().glob(pattern) if WILDCARD.search(pattern) else [pattern]
        for path in found:
            if gfile().isdir(path):
                for folder, _, names in gfile().walk(path):
                    yield from filter(is_input_file, (os.path.join(folder, name) for name in names))
            elif is_input_file(path) or path == pattern:
                yield path
    except tf.errors.OpError as error:
        raise TransientError(f"{pattern} cannot be listed: {error.message}") from error
