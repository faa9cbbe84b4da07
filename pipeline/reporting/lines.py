"""Lines on the console outside a run, and paths in them."""

import os
import sys
from pathlib import Path


def display_path(path: str | Path) -> str:
    """Returns a path as a user would type it: relative if it is below the working directory."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if Path.cwd() in absolute.parents else absolute)


def print_line(line: str, on_stderr: bool = False) -> None:
    """Prints a line to standard output or error, for commands without the console of a run.

    If nobody reads the stream any more, as in `| head -1`, this and later lines are dropped.
    """
    stream = sys.stderr if on_stderr else sys.stdout
    try:
        stream.write(line + "\n")
        stream.flush()
    except BrokenPipeError:
        # Python would write what is left when it exits, and fail again.
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
