"""Putting a model where TF Serving watches: atomically, numbered, and never twice."""

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.common.digest import digest_files

CARD_FILE = "MODEL_CARD.md"
_UNFINISHED = ".tmp-"
# Beside the folder that TF Serving watches.
WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class ServedVersion:
    """The model that serves: its version (0 if there is none), its folder and digest."""

    version: int = 0
    path: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Pushed:
    """What came of a push.

    Attributes:
      version: the one that holds the model.
      path: its folder.
      digest: of its files.
      new: whether this push made it; else it serves already, or was withdrawn.
      withdrawn: whether a person took it back, so that it does not serve.
    """

    version: int
    path: str
    digest: str
    new: bool
    withdrawn: bool = False


def push(
    model: Path, serving: Path, *, card: str = "", keep: int | None = None, again: bool = False
) -> Pushed:
    """Copies a SavedModel to `serving/<highest version + 1>`, unless it is what serves already.

    The copy is made under a name that TF Serving passes over, and renamed once it is whole and
    written to disk. What an interrupted push left is removed. A model that was withdrawn stays so.

    Args:
      model: folder of the SavedModel.
      serving: folder of the versions.
      card: text of the model card that is laid beside the model.
      keep: how many versions stay, the new one and its predecessor at least; None for all.
      again: push it even if it was withdrawn.
    """
    serving.mkdir(parents=True, exist_ok=True)
    for leftover in unfinished_pushes(serving):
        shutil.rmtree(leftover)
    digest = model_digest(model)
    now = current_version(serving)
    if now.digest == digest:
        _prune(serving, keep)
        return Pushed(now.version, now.path, digest, new=False)
    taken_back = _withdrawn_as(serving, digest)
    if taken_back and not again:
        return Pushed(int(taken_back.name), str(taken_back), digest, new=False, withdrawn=True)
    unfinished = serving / f"{_UNFINISHED}{uuid.uuid4().hex}"
    shutil.copytree(model, unfinished)
    if card:
        (unfinished / CARD_FILE).write_text(card)
    _flush(unfinished)
    version = _highest(serving) + 1
    path = serving / str(version)
    unfinished.rename(path)
    _sync(serving)
    if taken_back:
        shutil.rmtree(taken_back)
    _prune(serving, keep)
    return Pushed(version, str(path), digest, new=True)


def withdraw(serving: Path, version: int) -> list[int]:
    """Takes back all versions above one, so that this one serves; returns them, newest first.

    They move out of the folder that TF Serving watches, each in one step, the newest first: at no
    moment does a version serve that is neither.
    """
    taken_back = [v for v in reversed(served_versions(serving)) if v > version]
    folder = serving.parent / WITHDRAWN
    folder.mkdir(exist_ok=True)
    for number in taken_back:
        (serving / str(number)).rename(folder / str(number))
    _sync(serving)
    return taken_back


def current_version(serving: Path) -> ServedVersion:
    """Returns the model of the highest version in a folder, the one that TF Serving serves."""
    version = newest_version(serving)
    if not version:
        return ServedVersion()
    path = serving / str(version)
    return ServedVersion(version, str(path), model_digest(path))


def newest_version(serving: Path) -> int:
    """Returns the highest version in a folder, the one that TF Serving serves; 0 if none."""
    return max(served_versions(serving), default=0)


def served_versions(serving: Path) -> list[int]:
    """Returns the versions in a serving folder in their order as numbers: 10 is newer than 9."""
    return sorted(int(path.name) for path in _numbered(serving))


def withdrawn_versions(serving: Path) -> list[int]:
    """Returns the versions that were taken back, in their order as numbers."""
    return sorted(int(path.name) for path in _numbered(serving.parent / WITHDRAWN))


def withdrawn_path(serving: Path, version: int) -> Path:
    """Returns the folder of a version that was taken back."""
    return serving.parent / WITHDRAWN / str(version)


def unfinished_pushes(serving: Path) -> list[Path]:
    """Returns what interrupted pushes left in a serving folder."""
    return sorted(serving.glob(f"{_UNFINISHED}*"))


def model_digest(model: Path) -> str:
    """Returns a hex SHA-256 over the names and contents of a SavedModel's files.

    The model card beside them does not count.
    """
    files = [path for path in model.rglob("*") if path.is_file() and path.name != CARD_FILE]
    return digest_files({str(path.relative_to(model)): path for path in files})


def _numbered(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.name.isdecimal())


def _highest(serving: Path) -> int:
    """Returns the highest version that there ever was: a number is not given twice."""
    return max([*served_versions(serving), *withdrawn_versions(serving)], default=0)


def _withdrawn_as(serving: Path, digest: str) -> Path | None:
    """Returns the folder of the newest version that was taken back and holds a model, or None."""
    paths = (withdrawn_path(serving, v) for v in reversed(withdrawn_versions(serving)))
    return next((path for path in paths if model_digest(path) == digest), None)


def _prune(serving: Path, keep: int | None) -> None:
    """Removes the oldest versions; the one that serves and the one before it stay."""
    if keep is None:
        return
    for version in served_versions(serving)[: -max(keep, 2)]:
        # Renamed first: killed in between, a version is whole or none.
        doomed = serving / f"{_UNFINISHED}{uuid.uuid4().hex}"
        (serving / str(version)).rename(doomed)
        shutil.rmtree(doomed)


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
