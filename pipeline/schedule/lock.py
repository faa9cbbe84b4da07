"""One scheduler for a root: a second one would take every turn twice."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from data.common.errors import UsageError

LOCK_FILE = ".schedule.lock"


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Holds a root's schedule for this process.

    Raises:
      UsageError: another one holds it, or it can't be written.
    """
    lock = filelock.FileLock(root / LOCK_FILE, timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(
            f"--root: a schedule is at work on {root} already; end it, or name another folder"
        ) from error
    except OSError as error:
        raise UsageError(f"--root: {root} can't be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
