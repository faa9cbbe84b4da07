"""Reads the rows of a CSV file, as spreadsheets write it."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.common.errors import UsageError
from data.common.formatting import format_list, printable

_DELIMITERS = ",;\t|"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A row that follows the table. It is read as part of the last row if a quotation mark is open.
_END = "\0end"


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
      line: The file and the number of the line, for errors: `photos.csv, line 3`.
      values: The values by column, without white space around them; empty where the row is short.
    """

    line: str
    values: dict[str, str]


def read_rows(
    file: Path, required: Sequence[str], optional: Sequence[str] | None = None
) -> list[Row]:
    """Returns the rows of a CSV file that are not empty.

    The first line names the columns, in any order, and shows the delimiter: a comma, semicolon, tab
    or vertical bar. White space around values does not count. The file is UTF-8, or UTF-16 with a
    byte order mark.

    Args:
      file: The file.
      required: The columns that it must have.
      optional: The further columns that it may have; None if it may have any others.

    Raises:
      UsageError: The file is not such a table; the message names the line.
      OSError: The file cannot be read.
    """
    name = printable(str(file))
    text = _decode(file.read_bytes(), name)
    rows = _parse(text, _find_delimiter(text, required))
    try:
        header = _clean(next(rows), f"{name}, line 1")
        _check_header(header, name, required, optional)
        return list(_read_rows(rows, header, name))
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


def _find_delimiter(text: str, required: Sequence[str]) -> str:
    """Returns the delimiter that makes the header line name the columns."""
    line = text.partition("\n")[0]
    for delimiter in _DELIMITERS:
        if set(required) <= {column.strip(' "\t\r') for column in line.split(delimiter)}:
            return delimiter
    return max(_DELIMITERS, key=line.count)


def _check_header(
    header: list[str], name: str, required: Sequence[str], optional: Sequence[str] | None
) -> None:
    shown = format_list([printable(column) for column in header]) or "none"
    missing = [column for column in required if header.count(column) != 1]
    if missing:
        raise UsageError(
            f"{name} has no column {' and '.join(missing)}, or several; its first line must name "
            f"{' and '.join(required)}, each once, and names: {shown}"
        )
    named = list(filter(None, header))
    wrong = {c for c in named if c not in (*required, *(optional or ())) or named.count(c) > 1}
    if optional is not None and wrong:
        raise UsageError(
            f"{name}, line 1: unknown or repeated columns: "
            f"{format_list([printable(column) for column in sorted(wrong)])}; the columns may be "
            f"{', '.join((*required, *optional))}"
        )


def _read_rows(rows: Any, header: list[str], name: str) -> Iterator[Row]:
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


def _read_row(values: list[str], header: list[str], line: str) -> Row:
    if any(values[len(header) :]):
        raise UsageError(
            f"{line}: {len(values)} values for {len(header)} columns; put a value that contains "
            'the delimiter in quotation marks: "a,b.jpg"'
        )
    padded = [*values, *[""] * (len(header) - len(values))]
    return Row(line, dict(zip(header, padded, strict=False)))
