"""Reads a CSV file with the columns `path` and `label`."""

from pathlib import Path

from data.classes import normalize_class_name
from data.common.errors import UsageError
from data.importing.rows import Row, read_rows

TABLE_SUFFIXES = (".csv", ".tsv", ".txt")


def read_table(file: Path) -> list[tuple[str, str]]:
    """Returns the path, as it is in the file, and the class name of each row.

    The file may have any other columns; see `data.importing.rows.read_rows`.

    Raises:
      UsageError: The file is not such a table; the message names the line.
      OSError: The file cannot be read.
    """
    return [_read_row(row) for row in read_rows(file, ("path", "label"))]


def _read_row(row: Row) -> tuple[str, str]:
    path, label = row.values["path"], row.values["label"]
    if not path or not label:
        raise UsageError(f"{row.line}: path or label is empty")
    if "\0" in path:
        raise UsageError(f"{row.line}: the path contains a null character")
    try:
        return path, normalize_class_name(label)
    except ValueError as error:
        raise UsageError(f"{row.line}: {error}") from error
