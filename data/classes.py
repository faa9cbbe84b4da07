"""Which classes there are, where no setting names them."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.common.errors import DataRefused, UsageError
from data.common.files import write_whole
from data.sources import LABELS_FILE, Source


def classes_beside(source: Source, files: Sequence[str]) -> list[str]:
    """Returns the classes that `labels.txt` names beside the records; see `read_labels`."""
    return read_labels({source.base, *(os.path.dirname(file) for file in files)})


def read_labels(folders: Iterable[str]) -> list[str]:
    """Returns the classes that `labels.txt` names, one a line in the order of their ids.

    Where several folders have one, a class has the same line in all of them, and the one with the
    most classes counts. Empty if there is none.

    Raises:
      UsageError: two of them contradict each other, or one can't be right.
    """
    longest: list[str] = []
    origin = ""
    for folder in sorted(folders):
        file = f"{folder.rstrip('/')}/{LABELS_FILE}"
        names = _read(file)
        short, long = sorted((names, longest), key=len)
        if long[: len(short)] != short:
            raise UsageError(
                f"{file} and {origin} give classes other ids: {', '.join(names)}; and "
                f"{', '.join(longest)}. A class's id is its line; data.classes settles it"
            )
        if names == long:
            longest, origin = names, file
    return longest


def agreed(seen: Mapping[tuple[int, str], int]) -> list[str]:
    """Returns the classes in the order of their ids, from how often each id has each label.

    A class is an id and a label that go with each other more often than with any other; what else
    there is are single records that are wrong.

    Raises:
      DataRefused: there are fewer than two, or an id between has no records.
    """
    of_id = _most_often((class_id, label, number) for (class_id, label), number in seen.items())
    of_label = _most_often((label, class_id, number) for (class_id, label), number in seen.items())
    classes = {i: label for i, label in sorted(of_id.items()) if of_label[label] == i}
    if len(classes) < 2 or list(classes) != list(range(len(classes))):
        found = ", ".join(f"{i} {label}" for i, label in list(classes.items())[:20]) or "none"
        raise DataRefused(
            "the records don't say which classes there are: an id for each from 0 on, and two at "
            f"least. Found: {found}. Name all classes, in the order of their ids, in data.classes "
            f"or in {LABELS_FILE} beside the records"
        )
    return list(classes.values())


def write_labels(folder: Path, names: Sequence[str]) -> None:
    """Writes `labels.txt` beside the records of a folder."""
    write_whole(folder / LABELS_FILE, "".join(f"{name}\n" for name in names))


def check_names(names: Sequence[str]) -> list[str]:
    """Returns the class names if they can be such.

    Raises:
      ValueError: there are fewer than two, an empty one, or one twice.
    """
    if len(names) < 2:
        raise ValueError(f"two classes or more are needed, got {len(names)}")
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice or not all(name.strip() for name in names):
        raise ValueError(f"each class needs a name of its own; twice: {', '.join(twice) or 'none'}")
    return list(names)


def _read(file: str) -> list[str]:
    try:
        if "://" not in file:
            # With or without the mark that some editors put before the text.
            with open(file, encoding="utf-8-sig") as stream:
                text = stream.read()
        else:
            import tensorflow as tf

            text = (
                tf.io.read_file(file).numpy().decode("utf-8-sig")
                if tf.io.gfile.exists(file)
                else ""
            )
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} can't be read: {error}") from error
    if not text:
        return []
    try:
        return check_names([line.strip() for line in text.rstrip().splitlines()])
    except ValueError as error:
        raise UsageError(f"{file}: {error}; it takes the name of a class a line") from error


def _most_often(counted: Iterable[tuple[Any, Any, int]]) -> dict[Any, Any]:
    """Returns for each first thing the second one that it comes with most often."""
    return {key: value for key, value, _ in sorted(counted, key=lambda each: each[2])}
