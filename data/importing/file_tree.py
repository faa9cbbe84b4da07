"""Walks through folders, also behind links, and lists what cannot be read."""

import os
import stat
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Tree:
    """The files under a folder, and the files and folders that cannot be read."""

    files: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def walk_files(folder: Path, source: Path) -> Tree:
    """Returns the regular files under a folder, without hidden files and folders.

    Args:
      folder: The folder. Links to folders are followed, except to one that contains them.
      source: The folder that contains it, to which the paths of what is left out are relative.
    """
    tree = Tree()
    _walk(folder, source, frozenset({_identity(source)}), tree)
    return tree


def list_visible(folder: Path) -> list[Path]:
    """Returns the paths in a folder that are not hidden, sorted.

    Raises:
      OSError: The folder cannot be read.
    """
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def is_folder(path: Path) -> bool:
    """Returns whether a path is a folder or a link to one; False if that cannot be found out."""
    # Unlike pathlib's, this function does not raise PermissionError.
    return os.path.isdir(path)


def relative_name(path: Path, folder: Path) -> str:
    """Returns a path relative to a folder, if it is in it, as printable UTF-8."""
    return printable(path.relative_to(folder).as_posix() if folder in path.parents else str(path))


def _walk(folder: Path, source: Path, parents: frozenset[tuple[int, int]], tree: Tree) -> None:
    try:
        identity = _identity(folder)
        entries = list_visible(folder)
    except OSError as error:
        tree.left_out.append(LeftOut(relative_name(folder, source), str(error.strerror)))
        return
    if identity in parents:
        reason = "a link to a folder that contains it"
        tree.left_out.append(LeftOut(relative_name(folder, source), reason))
        return
    for path in entries:
        if is_folder(path):
            _walk(path, source, parents | {identity}, tree)
        elif problem := _find_problem(path):
            tree.left_out.append(LeftOut(relative_name(path, source), problem))
        else:
            tree.files.append(path)


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
