"""Walks through folders, also behind links, and finds what cannot be read."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.common.formatting import printable


@dataclass(frozen=True, order=True)
class LeftOut:
    """A file or folder that is not imported.

    Attributes:
      path: Its path relative to what is imported, printable.
      reason: Why it is left out.
    """

    path: str
    reason: str


def walk_files(folder: Path, source: Path | None = None) -> Iterator[tuple[Path, str]]:
    """Yields each file under a folder, sorted, and why it cannot be read; empty if it can.

    Hidden files and folders are left out. A folder is yielded only if it cannot be read. Memory
    holds the listing of one folder for each level.

    Args:
      folder: The folder. Links to folders are followed, except to one that contains them.
      source: A folder that contains it, if links to it may occur.
    """
    return _walk(folder, frozenset({_identity(source)} if source else ()))


def list_visible(folder: Path) -> list[Path]:
    """Returns the paths in a folder that are not hidden, sorted.

    Raises:
      OSError: The folder cannot be read.
    """
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def relative_name(path: Path, folder: Path) -> str:
    """Returns a path relative to a folder, if it is in it, as printable UTF-8."""
    return printable(path.relative_to(folder).as_posix() if folder in path.parents else str(path))


def _walk(folder: Path, parents: frozenset[tuple[int, int]]) -> Iterator[tuple[Path, str]]:
    try:
        identity = _identity(folder)
        entries = list_visible(folder)
    except OSError as error:
        yield folder, str(error.strerror)
        return
    if identity in parents:
        yield folder, "a link to a folder that contains it"
        return
    for path in entries:
        if os.path.isdir(path):
            yield from _walk(path, parents | {identity})
        else:
            yield path, _find_problem(path)


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _find_problem(path: Path) -> str:
    """Returns why a path is not a readable file; empty if it is one."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link to nothing"
    except OSError as error:
        return str(error.strerror)
    return "" if stat.S_ISREG(mode) else "not a regular file"
