"""Lines on the console outside a run, and paths in them."""

import os
import sys
from pathlib import Path


def display_path(path: str | Path) -> str:
    """Returns a path as a user would type it: relative if it is below the working directory."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if Path.cwd() in absolute.parents else absolute)


def print_line(line: str) -> None:
    """Prints a line, for commands without the console of a run."""
    sys.stdout.write(line + "\n")
