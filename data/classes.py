"""The class names, where no setting gives them: from `labels.txt` or from the records."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.common.errors import DataRefused, UsageError
from data.common.files import write_whole
from data.sources import LABELS_FILE, Source


def read_source_labels(source: Source, files: Sequence[str]) -> list[str]:
    """Returns the class names in `labels.txt` next to the records; see `read_labels`."""
    return read_labels({source.base, *(os.path.dirname(file) for file in files)})


def read_labels(folders: Iterable[str]) -> list[str]:
    """Returns the class names in `labels.txt`, which has one per line in the order of their ids.

    If several folders have such a file, the longest one is used, and the others must be prefixes of
    it. Returns an empty list if there is none.

    Raises:
      UsageError: Two files contradict each other, or one of them is invalid.
    """
    longest: list[str] = []
    origin = ""
    for folder in sorted(folders):
        file = f"{folder.rstrip('/')}/{LABELS_FILE}"
        names = _read_labels_file(file)
        short, long = sorted((names, longest), key=len)
        if long[: len(short)] != short:
            raise UsageError(
                f"{file} and {origin} assign different ids to classes: {', '.join(names)}; and "
                f"{', '.join(longest)}. The id of a class is its line; data.classes overrides them"
            )
        if names == long:
            longest, origin = names, file
    return longest


def infer_classes(counts: Mapping[tuple[int, str], int]) -> list[str]:
    """Returns the class names in the order of their ids, from the record counts by id and label.

    A class is an id and a label that each occur most often with the other; other combinations are
    single wrong records.

    Raises:
      DataRefused: There are fewer than two classes, or their ids are not consecutive from 0.
    """
    label_of = _most_frequent((class_id, label, n) for (class_id, label), n in counts.items())
    id_of = _most_frequent((label, class_id, n) for (class_id, label), n in counts.items())
    classes = {i: label for i, label in sorted(label_of.items()) if id_of[label] == i}
    if len(classes) < 2 or list(classes) != list(range(len(classes))):
        found = ", ".join(f"{i} {label}" for i, label in list(classes.items())[:20]) or "none"
        raise DataRefused(
            "the records do not determine the classes: at least two are required, with consecutive "
            f"ids from 0. Found: {found}. Name all classes, in the order of their ids, in "
            f"data.classes or in {LABELS_FILE} next to the records"
        )
    return list(classes.values())


def write_labels(folder: Path, names: Sequence[str]) -> None:
    """Writes `labels.txt` to a folder of records."""
    write_whole(folder / LABELS_FILE, "".join(f"{name}\n" for name in names))


def check_class_names(names: Sequence[str]) -> list[str]:
    """Returns the class names if they are valid.

    Raises:
      ValueError: There are fewer than two names, or a name is empty or not unique.
    """
    if len(names) < 2:
        raise ValueError(f"at least two classes are required, got {len(names)}")
    repeated = [name for name, number in Counter(names).items() if number > 1]
    if repeated or not all(name.strip() for name in names):
        listed = ", ".join(repeated) or "none"
        raise ValueError(f"class names must be unique and not empty; repeated: {listed}")
    return list(names)


def _read_labels_file(file: str) -> list[str]:
    try:
        # Some editors write a byte order mark.
        text = _read_file(file).decode("utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    if not text:
        return []
    try:
        return check_class_names([line.strip() for line in text.rstrip().splitlines()])
    except ValueError as error:
        raise UsageError(f"{file}: {error}; the file must have one class name per line") from error


def _read_file(file: str) -> bytes:
    if "://" not in file:
        return Path(file).read_bytes()
    import tensorflow as tf

    return tf.io.read_file(file).numpy() if tf.io.gfile.exists(file) else b""


def _most_frequent(counted: Iterable[tuple[Any, Any, int]]) -> dict[Any, Any]:
    """Returns for each first element the second element with the highest count."""
    return {key: value for key, value, _ in sorted(counted, key=lambda item: item[2])}
