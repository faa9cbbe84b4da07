"""Lines on the console outside a run, and paths in them."""

import os
import sys
from pathlib import Path


def display_path(path: str | Path) -> str:
    """Returns a path as a user would type it: relative if it is below the working directory."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if Path.cwd() in absolute.parents else absolute)


def print_line(line: str) -> None:
    """Prints a line, for commands without the console of a run.

    If nobody reads standard output any more, as in `| head -1`, this and later lines are dropped.
    """
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would write what is left when it exits, and fail again.
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
