"""Putting a model where TF Serving watches: atomically, numbered, and never twice."""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from data.digest import digest_files

_UNFINISHED = ".tmp-"


@dataclass(frozen=True)
class Pushed:
    """A served version; `new` says whether this push made it."""

    version: int
    path: Path
    digest: str
    new: bool


def push(model: Path, serving: Path) -> Pushed:
    """Copies a SavedModel to `serving/<highest version + 1>`, unless it is what serves already.

    The copy is made under a name that TF Serving passes over, and renamed once it is whole and
    written to disk. What an interrupted push left is removed.
    """
    serving.mkdir(parents=True, exist_ok=True)
    for leftover in unfinished_pushes(serving):
        shutil.rmtree(leftover)
    digest = digest_of(model)
    served = newest_version(serving)
    if served and digest_of(serving / str(served)) == digest:
        return Pushed(served, serving / str(served), digest, new=False)
    unfinished = serving / f"{_UNFINISHED}{uuid.uuid4().hex}"
    shutil.copytree(model, unfinished)
    _flush(unfinished)
    version = served + 1
    path = serving / str(version)
    unfinished.rename(path)
    _sync(serving)
    return Pushed(version, path, digest, new=True)


def newest_version(serving: Path) -> int:
    """Returns the highest version in a folder, the one that TF Serving serves; 0 if none."""
    return max(served_versions(serving), default=0)


def served_versions(serving: Path) -> list[int]:
    """Returns the versions in a serving folder in their order as numbers: 10 is newer than 9."""
    if not serving.is_dir():
        return []
    return sorted(int(path.name) for path in serving.iterdir() if path.name.isdecimal())


def unfinished_pushes(serving: Path) -> list[Path]:
    """Returns what interrupted pushes left in a serving folder."""
    return sorted(serving.glob(f"{_UNFINISHED}*"))


def digest_of(model: Path) -> str:
    """Returns a hex SHA-256 over the names and contents of a SavedModel's files."""
    files = [path for path in model.rglob("*") if path.is_file()]
    return digest_files({str(path.relative_to(model)): path for path in files})


def _flush(folder: Path) -> None:
    """Has the files of a folder written to disk, so that a power cut can't leave empty ones."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
