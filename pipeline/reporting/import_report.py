"""What the console says about a finished import."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from data.common.formatting import printable, shell_word
from data.importing.import_file import group_by_reason
from data.sources import FLOWERS_PUBLIC, IMPORT_FILE, SAMPLE
from pipeline.reporting.lines import display_path

if TYPE_CHECKING:
    # It imports TensorFlow and Beam.
    from data.importing.importer import ImportResult

_MOST_FILES = 20
_MOST_REASONS = 10


def format_import(result: "ImportResult", spans: Path | None) -> Iterator[str]:
    """Yields the lines: what was written, what was left out and why, and the next command.

    Args:
      result: What the import wrote.
      spans: The folder of the spans; None if there are none.
    """
    folder = display_path(result.folder)
    new = f", {result.added} of them new" if 0 < result.added < result.written else ""
    yield f"{result.written} records of {len(result.classes)} classes in {folder}{new}"
    yield from _format_relabelled(result, f"{folder}/{IMPORT_FILE}")
    yield from _format_left_out(result, f"{folder}/{IMPORT_FILE}")
    data = folder if spans is None else f"{display_path(spans)}/span-{{SPAN}}"
    # These names stand for other data, and a shell or the program would read the others as well.
    if data in (SAMPLE, FLOWERS_PUBLIC) or data.startswith(("-", "~")):
        data = f"./{data}"
    yield f"Next: flowers run --data {shell_word(data)}"


def _format_relabelled(result: "ImportResult", file: str) -> Iterator[str]:
    items = result.relabelled
    if items:
        yield f"{len(items)} relabelled by the corrections"
    for item in items[:_MOST_FILES]:
        yield f"  {item.source}: {printable(item.label)} -> {printable(item.correction)}"
    if len(items) > _MOST_FILES:
        yield f"All {len(items)} are listed in {file}"


def _format_left_out(result: "ImportResult", file: str) -> Iterator[str]:
    """Yields the most frequent reasons with their files, as many as fit on a screen."""
    remaining = _MOST_FILES
    reasons = sorted(group_by_reason(result.left_out).items(), key=lambda item: -len(item[1]))
    for reason, paths in reasons[:_MOST_REASONS]:
        yield f"{len(paths)} left out: {reason}"
        yield from (f"  {path}" for path in paths[:remaining])
        remaining = max(0, remaining - len(paths))
    others = sum(len(paths) for _, paths in reasons[_MOST_REASONS:])
    if others:
        yield f"{others} left out for {len(reasons) - _MOST_REASONS} other reasons"
    if others or len(result.left_out) > _MOST_FILES:
        yield f"All {len(result.left_out)} are listed in {file}"
