"""The folder that a run works in: whose it is, who uses it, and whether there is room."""

import contextlib
import datetime
import errno
import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock
from pydantic import BaseModel, ValidationError

from data.common.errors import TransientError, UsageError
from data.common.formatting import format_duration, format_size
from pipeline.history.runs import History
from pipeline.root_files import LOCK_FILE, METADATA_FILE, OWNER_FILE, TEMPORARY_FOLDER

# What ML Metadata 1.16 writes, and the newest that it reads.
_METADATA_VERSION = 10
# Room for models, statistics, logs and metadata, and not to fill a disk to its last byte.
_MARGIN_BYTES = 500_000_000


class Owner(BaseModel):
    """Who holds a root."""

    host: str
    pid: int
    since: datetime.datetime
    run_id: str = ""

    def format(self) -> str:
        """Returns who it is, and since when."""
        age = (datetime.datetime.now(datetime.UTC) - self.since).total_seconds()
        run = f"run {self.run_id}" if self.run_id else "a command"
        return f"{run} (process {self.pid} on {self.host}, since {format_duration(age)})"


class Lock:
    """Holds a root for this process."""

    def __init__(self, root: Path):
        """`root` exists."""
        self._file = root / OWNER_FILE
        now = datetime.datetime.now(datetime.UTC)
        self._owner = Owner(host=socket.gethostname(), pid=os.getpid(), since=now)
        self._write()

    def name_run(self, run_id: str) -> None:
        """Tells others which run it is."""
        self._owner.run_id = run_id
        self._write()

    def _write(self) -> None:
        self._file.write_text(self._owner.model_dump_json())


@contextlib.contextmanager
def locked(root: Path) -> Iterator[Lock]:
    """Makes a root if need be, and holds it for this process.

    Raises:
      TransientError: it is in use on this machine, or its disk is full.
      UsageError: it is in use on another, as far as can be seen; or it can't be written.
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
        raise kind(f"--root: {root} can't be written: {error.strerror}") from error
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
    """Keeps temporary files in a root that is held, and removes them at the end.

    TensorFlow, Beam and Transform leave some behind, more so when they are killed: run after run
    they would fill the machine's own temporary folder.
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


def check_root(root: Path, name: str) -> None:
    """Makes sure that a root is this pipeline's, and that this program can read it.

    Args:
      root: it need not exist.
      name: of the pipeline. A root is one pipeline's: its newest version is the one that serves.

    Raises:
      UsageError: it is another pipeline's, or was made by a newer version of a library.
    """
    for run in History(root).runs():
        if run.settings["name"] != name:
            raise UsageError(
                f"--root: {root} holds runs of the pipeline {run.settings['name']!r}, and the "
                f"setting `name` is {name!r}; name another folder"
            )
    _check_metadata(root / METADATA_FILE)


def check_space(root: Path, needed: int) -> None:
    """Makes sure that a run fits on the disk.

    Args:
      root: it exists.
      needed: bytes that the records of the run will take.

    Raises:
      TransientError: it does not fit.
    """
    free = shutil.disk_usage(root).free
    if free < needed + _MARGIN_BYTES:
        raise TransientError(
            f"--root: the run needs about {format_size(needed + _MARGIN_BYTES)}, and the disk of "
            f"{root} has {format_size(free)} free; `flowers clean --root {root}` may free some, or "
            "name another folder"
        )


def _refuse_other_hosts(root: Path) -> None:
    """On a network disk a lock may not reach from one machine to another: a note beside it does."""
    owner = _owner(root)
    if owner and owner.host != socket.gethostname():
        raise UsageError(
            f"--root: {owner.format()} is using {root}; if that machine is gone for good, "
            f"remove {root / OWNER_FILE}"
        )


def _owner(root: Path) -> Owner | None:
    try:
        return Owner.model_validate_json((root / OWNER_FILE).read_text())
    except (OSError, ValidationError):
        return None


def _check_metadata(file: Path) -> None:
    if not file.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT schema_version FROM MLMDEnv").fetchone()
    except sqlite3.OperationalError:
        # Killed before its tables were there: ML Metadata makes them.
        return
    except sqlite3.DatabaseError as error:
        raise UsageError(
            f"--root: {file} is damaged ({error}); name another folder, or move it away: then "
            "every step runs anew"
        ) from error
    if row and row[0] > _METADATA_VERSION:
        raise UsageError(
            f"--root: {file} was made by a newer ML Metadata (version {row[0]}; this one reads up "
            f"to {_METADATA_VERSION}); update this program, or name another folder"
        )
