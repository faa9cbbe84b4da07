"""Reads a CSV file with the columns `path` and `label`."""

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.classes import normalize_class_name
from data.common.errors import UsageError
from data.common.formatting import format_list, printable

TABLE_SUFFIXES = (".csv", ".tsv", ".txt")

_COLUMNS = ("path", "label")
_DELIMITERS = ",;\t|"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A row that follows the table. It is read as part of the last row if a quotation mark is open.
_END = "\0end"


def read_table(file: Path) -> list[tuple[str, str]]:
    """Returns the path, as it is in the file, and the class name of each row.

    The first line names the columns, in any order and with any others, and shows the delimiter: a
    comma, semicolon, tab or vertical bar. White space around values does not count. The file is
    UTF-8, or UTF-16 with a byte order mark.

    Raises:
      UsageError: The file is not such a table; the message names the line.
      OSError: The file cannot be read.
    """
    name = printable(str(file))
    text = _decode(file.read_bytes(), name)
    rows = _parse(text, _find_delimiter(text))
    try:
        return list(_read_rows(rows, name))
    except csv.Error as error:
        raise UsageError(f"{name}, line {rows.line_num}: {error}") from error


def _decode(content: bytes, name: str) -> str:
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="ignore")
        column = len(before) - before.rfind("\n")
        raise UsageError(
            f"{name}, line {before.count(chr(10)) + 1}, column {column}: the byte "
            f"0x{error.object[error.start]:02x} is not valid "
            f"{encoding.removesuffix('-sig').upper()}; save the file as UTF-8"
        ) from error


def _parse(text: str, delimiter: str) -> Any:
    """Returns the reader of a table; csv's readers have no public type."""
    lines = io.StringIO(f"{text}\n{_END}", newline="")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def _find_delimiter(text: str) -> str:
    """Returns the delimiter that makes the header line name the columns."""
    line = text.partition("\n")[0]
    for delimiter in _DELIMITERS:
        if set(_COLUMNS) <= {column.strip(' "\t\r') for column in line.split(delimiter)}:
            return delimiter
    return max(_DELIMITERS, key=line.count)


def _read_rows(rows: Any, name: str) -> Iterator[tuple[str, str]]:
    header = _clean(next(rows), f"{name}, line 1")
    _check_header(header, name)
    # A quoted value can have several lines; an error names the first of them.
    number = rows.line_num + 1
    for row in rows:
        line = f"{name}, line {number}"
        values = _clean(row, line)
        if any(values):
            yield _read_row(values, header, line)
        number = rows.line_num + 1


def _clean(row: list[str], line: str) -> list[str]:
    """Returns the values of a row without white space around them; none for the end."""
    if row == [_END]:
        return []
    if any(value.endswith(_END) for value in row):
        raise UsageError(f"{line}: a quotation mark is opened and not closed")
    return [value.strip() for value in row]


def _check_header(header: list[str], name: str) -> None:
    missing = [column for column in _COLUMNS if header.count(column) != 1]
    if missing:
        found = format_list([printable(column) for column in header]) or "none"
        raise UsageError(
            f"{name} has no column {' and '.join(missing)}, or several; its first line must name "
            f"path and label, each once, and names: {found}"
        )


def _read_row(values: list[str], header: list[str], line: str) -> tuple[str, str]:
    if any(values[len(header) :]):
        raise UsageError(
            f"{line}: {len(values)} values for {len(header)} columns; put a value that contains "
            'the delimiter in quotation marks: "a,b.jpg"'
        )
    path, label = (dict(zip(header, values, strict=False)).get(column, "") for column in _COLUMNS)
    if not path or not label:
        raise UsageError(f"{line}: path or label is empty")
    if "\0" in path:
        raise UsageError(f"{line}: the path contains a null character")
    try:
        return path, normalize_class_name(label)
    except ValueError as error:
        raise UsageError(f"{line}: {error}") from error
