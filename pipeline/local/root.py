"""The root, the folder of a pipeline's runs: its pipeline, its space and its temporary files."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from data.common.errors import TransientError, UsageError
from data.common.formatting import format_size, shell_word
from pipeline.history.run import Run
from pipeline.root_files import METADATA_FILE, TEMPORARY_FOLDER

# The schema version that ML Metadata 1.16 and 1.21 write, and the newest that they read.
_METADATA_VERSION = 10
# Space for models, statistics, logs and metadata, and some that stays free.
_MARGIN_BYTES = 500_000_000


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
