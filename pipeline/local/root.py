"""The root, the folder of a pipeline's runs: its lock, its owner, and the space on its disk."""

import contextlib
import datetime
import errno
import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import filelock
from pydantic import BaseModel, ValidationError

from data.common.errors import TransientError, UsageError
from data.common.formatting import format_duration, format_size, shell_word
from pipeline.history.run import Run
from pipeline.root_files import LOCK_FILE, METADATA_FILE, OWNER_FILE, TEMPORARY_FOLDER

# The schema version that ML Metadata 1.16 writes, and the newest that it reads.
_METADATA_VERSION = 10
# Space for models, statistics, logs and metadata, and some that stays free.
_MARGIN_BYTES = 500_000_000


class Owner(BaseModel):
    """The process that holds the lock of a root."""

    host: str
    pid: int
    since: datetime.datetime
    run_id: str = ""

    def format(self) -> str:
        """Returns the process and the time for which it has held the lock, as text."""
        age = (datetime.datetime.now(datetime.UTC) - self.since).total_seconds()
        run = f"run {self.run_id}" if self.run_id else "a command"
        return f"{run} (process {self.pid} on {self.host}, since {format_duration(age)})"


class Lock:
    """Notes next to the lock file which process holds the lock."""

    def __init__(self, root: Path):
        """Takes a root that exists."""
        self._file = root / OWNER_FILE
        now = datetime.datetime.now(datetime.UTC)
        self._owner = Owner(host=socket.gethostname(), pid=os.getpid(), since=now)
        self._write()

    def name_run(self, run_id: str) -> None:
        """Notes the run that holds the lock."""
        self._owner.run_id = run_id
        self._write()

    def _write(self) -> None:
        self._file.write_text(self._owner.model_dump_json(), encoding="utf-8")


@contextlib.contextmanager
def locked(root: Path) -> Iterator[Lock]:
    """Creates a root if it is missing, and holds its lock.

    Raises:
      TransientError: Another process on this machine holds the lock, or the disk is full.
      UsageError: A process on another machine seems to hold it, or the root is not writable.
    """
    lock = filelock.FileLock(root / LOCK_FILE, timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        _refuse_other_hosts(root)
        held = Lock(root)
    except filelock.Timeout as error:
        owner = _owner(root)
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
        yield held
    finally:
        (root / OWNER_FILE).unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def own_temporary_folder(root: Path) -> Iterator[None]:
    """Keeps temporary files in a locked root, and removes them at the end.

    TensorFlow, Beam and Transform leave some behind, especially when they are killed; run after
    run, these would fill the temporary folder of the machine. The next run removes what a killed
    run left.
    """
    folder = root / TEMPORARY_FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    variable, module = os.environ.get("TMPDIR"), tempfile.tempdir
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = module
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable
        shutil.rmtree(folder, ignore_errors=True)


def check_root(root: Path, name: str, runs: Sequence[Run]) -> None:
    """Checks that a root belongs to this pipeline and that this program can read it.

    Args:
      root: The root; it need not exist.
      name: The name of the pipeline. A root has one pipeline, whose newest version serves.
      runs: The runs of the root.

    Raises:
      UsageError: It belongs to another pipeline, or a newer version of a library wrote it.
    """
    for run in runs:
        if run.setting("name") != name:
            raise UsageError(
                f"--root: {root} holds runs of the pipeline {run.setting('name')!r}, and the "
                f"setting `name` is {name!r}; name another folder"
            )
    _check_metadata(root / METADATA_FILE)


def check_space(root: Path, needed: int) -> None:
    """Checks that a run fits on the disk.

    Args:
      root: A root that exists.
      needed: The number of bytes of records that the run will write.

    Raises:
      TransientError: The disk is too full.
    """
    free = shutil.disk_usage(root).free
    if free < needed + _MARGIN_BYTES:
        command = f"flowers clean --root {shell_word(str(root))}"
        raise TransientError(
            f"--root: the run needs about {format_size(needed + _MARGIN_BYTES)}, and the disk of "
            f"{root} has {format_size(free)} free; `{command}` may free some, or "
            "name another folder"
        )


def _refuse_other_hosts(root: Path) -> None:
    """Reads the owner file, because the lock of a network disk may not work between machines."""
    owner = _owner(root)
    if owner and owner.host != socket.gethostname():
        raise UsageError(
            f"--root: {owner.format()} is using {root}; if that machine no longer exists, "
            f"remove {root / OWNER_FILE}"
        )


def _owner(root: Path) -> Owner | None:
    try:
        return Owner.model_validate_json((root / OWNER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def _check_metadata(file: Path) -> None:
    if not file.exists():
        return
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        ) as database:
            row = database.execute("SELECT schema_version FROM MLMDEnv").fetchone()
    except sqlite3.OperationalError:
        # The process was killed before it created the tables; ML Metadata will create them.
        return
    except sqlite3.DatabaseError as error:
        raise UsageError(
            f"--root: {file} is damaged ({error}); name another folder, or move the file "
            "away: then every step runs again"
        ) from error
    if row and row[0] > _METADATA_VERSION:
        raise UsageError(
            f"--root: {file} was written by a newer ML Metadata (version {row[0]}; this program "
            f"reads up to {_METADATA_VERSION}); update this program, or name another folder"
        )
