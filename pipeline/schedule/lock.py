"""The lock that keeps a second scheduler off a root, where it would start every run twice."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import filelock

from data.common.errors import UsageError

LOCK_FILE = ".schedule.lock"


@contextlib.contextmanager
def schedule_lock(root: Path) -> Iterator[None]:
    """Holds the schedule lock of a root.

    Raises:
      UsageError: Another process holds the lock, or the root cannot be written.
    """
    lock = filelock.FileLock(root / LOCK_FILE, timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(
            f"--root: another schedule is running on {root}; end it, or name another folder"
        ) from error
    except OSError as error:
        raise UsageError(f"--root: {root} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
