"""Class names: what they may be, and where they come from if no setting gives them.

They are text: a class `on`, `null` or `1` keeps its name everywhere.
"""

import json
import os
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.common.errors import DataRefused, UsageError
from data.common.files import write_whole
from data.sources import LABELS_FILE, Source

_BYTE_ORDER_MARK = "\ufeff"
# Control characters, line and paragraph separators, and surrogates, which UTF-8 cannot encode.
_INVALID_CATEGORIES = ("Cc", "Zl", "Zp", "Cs")


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


def classes_setting(names: Sequence[str]) -> str:
    """Returns the setting with these class names, to be pasted after `--set` into a shell."""
    listed = json.dumps(list(names), ensure_ascii=False)
    # YAML refuses some characters that cannot be printed, and terminals do not show them. The
    # escapes are YAML's: JSON's pairs of surrogates would not be read back.
    escaped = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in listed)
    return f"data.classes={shlex.quote(''.join(escaped))}"


def normalize_class_name(name: str) -> str:
    """Returns a class name as records and `labels.txt` contain it.

    That is Unicode's normal form C, because keyboards and file systems encode letters such as `é`
    in different ways, without white space and byte order marks at either end.

    Raises:
      ValueError: Nothing is left, or the name has a character that cannot be written to a line of
        UTF-8.
    """
    normal = unicodedata.normalize("NFC", name)
    while (stripped := normal.strip().strip(_BYTE_ORDER_MARK)) != normal:
        normal = stripped
    if not normal:
        raise ValueError(f"a class name must not be empty, got {name!a}")
    invalid = next((c for c in normal if unicodedata.category(c) in _INVALID_CATEGORIES), None)
    if invalid is not None:
        raise ValueError(
            "a class name must be UTF-8 without control characters and line breaks, "
            f"got {name!a} with {invalid!a}"
        )
    return normal


def check_class_names(names: Sequence[str]) -> list[str]:
    """Returns the class names, normalized, if they are valid.

    Raises:
      ValueError: There are fewer than two names, or a name is invalid or not unique.
    """
    if len(names) < 2:
        raise ValueError(f"at least two classes are required, got {len(names)}")
    normal = [normalize_class_name(name) for name in names]
    repeated = [name for name, number in Counter(normal).items() if number > 1]
    if repeated:
        raise ValueError(f"class names must be unique; repeated: {', '.join(repeated)}")
    return normal


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
        return check_class_names(text.rstrip().splitlines())
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
