"""The lock of a root: one process at a time uses a root, also if machines share its disk."""

import contextlib
import datetime
import errno
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
from pydantic import BaseModel, ValidationError

from data.common.background import running_beside
from data.common.errors import TransientError, UsageError
from data.common.files import write_whole
from data.common.formatting import format_duration
from pipeline.reporting.lines import print_line
from pipeline.root_files import LOCK_FILE, OWNER_FILE

_HEARTBEAT_SECONDS = 30.0
# A process on another machine that was silent for this long is taken to be dead.
_DEAD_SECONDS = 600.0


class Owner(BaseModel):
    """The process that holds the lock of a root."""

    host: str
    pid: int
    since: datetime.datetime
    run_id: str = ""

    def format(self, silence: float | None = None) -> str:
        """Returns the process and the time for which it has held the lock, as text.

        Args:
          silence: Seconds since its last heartbeat, if they are to be told.
        """
        age = (datetime.datetime.now(datetime.UTC) - self.since).total_seconds()
        run = f"run {self.run_id}" if self.run_id else "a command"
        alive = "" if silence is None else f", last alive {format_duration(silence)} ago"
        return f"{run} (process {self.pid} on {self.host}, since {format_duration(age)}{alive})"


class Lock:
    """Notes next to the lock file which process holds the lock, and that it is still alive.

    The modification time of the note is the time of the last heartbeat. The disk's own clock sets
    it, and programs without heartbeats leave the time at which they wrote the note.
    """

    def __init__(self, root: Path):
        """Takes a root that exists."""
        self._root = root
        now = datetime.datetime.now(datetime.UTC)
        self._owner = Owner(host=socket.gethostname(), pid=os.getpid(), since=now)
        self._write()

    def name_run(self, run_id: str) -> None:
        """Notes the run that holds the lock.

        Raises:
          TransientError: Another machine has taken the lock over.
        """
        if not self._is_mine():
            raise TransientError(f"--root: another machine has taken over the lock of {self._root}")
        self._owner.run_id = run_id
        self._write()

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """Sends heartbeats from a thread, and removes the note at the end."""
        try:
            with running_beside(self._beat_until):
                yield
        finally:
            if self._is_mine():
                (self._root / OWNER_FILE).unlink(missing_ok=True)

    def _beat_until(self, ended: threading.Event) -> None:
        while not ended.wait(_HEARTBEAT_SECONDS):
            # A missing heartbeat is no reason to end a run; the next one may succeed.
            with contextlib.suppress(OSError):
                if self._is_mine():
                    os.utime(self._root / OWNER_FILE)

    def _is_mine(self) -> bool:
        """Returns False if another process took over, such as while this one was suspended."""
        owner = _read_owner(self._root)
        return owner is not None and (owner.host, owner.pid, owner.since) == (
            self._owner.host, self._owner.pid, self._owner.since,
        )  # fmt: skip

    def _write(self) -> None:
        write_whole(self._root / OWNER_FILE, self._owner.model_dump_json())


@contextlib.contextmanager
def locked(root: Path) -> Iterator[Lock]:
    """Creates a root if it is missing, and holds its lock.

    The lock of a process on another machine that has sent no heartbeat for 10 minutes is taken
    over, and a line on the console says so.

    Raises:
      TransientError: Another process holds the lock, or the disk is full.
      UsageError: A process on another machine holds it, or the root is not writable.
    """
    lock = filelock.FileLock(root / LOCK_FILE, timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        _refuse_other_hosts(root)
        held = Lock(root)
    except filelock.Timeout as error:
        owner = _read_owner(root)
        raise TransientError(
            f"--root: {owner.format() if owner else 'another run'} is using {root}; "
            "wait until it ends, or name another folder"
        ) from error
    except OSError as error:
        lock.release()
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind = TransientError if full else UsageError
        raise kind(f"--root: {root} cannot be written: {error.strerror}") from error
    except UsageError:
        lock.release()
        raise
    try:
        with held.alive():
            yield held
    finally:
        lock.release()


def _refuse_other_hosts(root: Path) -> None:
    """Reads the owner's note, because the lock of a network disk may not work between machines."""
    owner = _read_owner(root)
    if owner is None or owner.host == socket.gethostname():
        return
    try:
        silence = _silence(root)
    except FileNotFoundError:
        # That process ended in this moment.
        return
    if silence < _DEAD_SECONDS:
        minutes = round(_DEAD_SECONDS / 60)
        raise UsageError(
            f"--root: {owner.format(silence)} is using {root}; if that machine or container no "
            f"longer exists, wait until it has been silent for {minutes} minutes, or remove "
            f"{root / OWNER_FILE}"
        )
    print_line(f"{root} was locked by {owner.format(silence)}; its lock is taken over.")


def _silence(root: Path) -> float:
    """Returns the seconds since the owner's last heartbeat.

    The clocks of machines differ, so both times come from the disk: that of the heartbeat, and that
    of a new file.
    """
    with tempfile.NamedTemporaryFile(dir=root, prefix=f"{OWNER_FILE}.") as new:
        os.utime(new.name)
        now = os.stat(new.name).st_mtime
    return max(0.0, now - (root / OWNER_FILE).stat().st_mtime)


def _read_owner(root: Path) -> Owner | None:
    try:
        return Owner.model_validate_json((root / OWNER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None
