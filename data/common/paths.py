"""Paths that TensorFlow and Beam misread, and files in the place of folders."""

import os
from pathlib import Path


def find_misread(path: str, further: str = "") -> str:
    """Returns the first character of a path that TensorFlow and Beam misread; empty if none is.

    These are characters that make a path a pattern, and those that cannot be printed, such as line
    breaks and bytes that are not UTF-8.

    Args:
      path: An absolute path.
      further: Characters that are misread in addition.
    """
    misread = "*?[\\" + further
    return next((c for c in path if c in misread or not c.isprintable()), "")


def find_file(folder: Path) -> Path | None:
    """Returns what is not a folder although a path needs it as one: itself or one of its parents.

    This is a file, or a link to nothing. None if a folder is there or can be made.
    """
    # os.path and not pathlib, which raises an error for a folder that cannot be read.
    paths = (folder, *folder.parents)
    return next((p for p in paths if os.path.lexists(p) and not os.path.isdir(p)), None)
