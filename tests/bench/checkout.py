"""The files of another revision, for benchmarks that compare with it."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Yields a folder with the files of a revision; it is removed afterwards."""
    git = ["git", "-C", str(PROJECT), "worktree"]
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, revision)
        subprocess.run([*git, "add", "--quiet", "--detach", folder, revision], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=True)
