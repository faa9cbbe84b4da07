"""A local folder that TensorFlow Serving watches; each version appears in it atomically."""

import os
import shutil
import uuid
from pathlib import Path

from components.model_store.base import CARD_FILE
from components.model_store.folder import FolderStore, parse_version

# TensorFlow Serving ignores folders whose name is not a number.
_UNFINISHED = ".tmp-"


class LocalStore(FolderStore):
    """A local folder of versions, written under another name and renamed when complete."""

    def withdraw_above(self, version: int) -> list[int]:
        """Withdraws all versions above one, so that this one serves; returns them, newest first.

        They are moved out of the watched folder one by one, the newest first, so that no other
        version serves in between. Their TensorFlow Lite files are removed.
        """
        withdrawn = [v for v in reversed(self.served_versions()) if v > version]
        os.makedirs(self.withdrawn_folder, exist_ok=True)
        for number in map(str, withdrawn):
            os.rename(
                os.path.join(self.folder, number), os.path.join(self.withdrawn_folder, number)
            )
        self._prune_exports()
        _sync(Path(self.folder))
        return withdrawn

    def newest_version(self) -> int:
        """Returns the number of the serving version, 0 if there is none."""
        return max(self.served_versions(), default=0)

    def unfinished_pushes(self) -> list[Path]:
        """Returns what interrupted pushes left in the served folder."""
        return sorted(Path(self.folder).glob(f"{_UNFINISHED}*"))

    def _names(self, folder: str) -> list[str]:
        if not os.path.isdir(folder):
            return []
        return [entry.name for entry in os.scandir(folder) if entry.is_dir()]

    def _complete_versions(self, folder: str) -> list[int]:
        return [version for name in self._names(folder) if (version := parse_version(name))]

    def _used_versions(self, folder: str) -> list[int]:
        return self._complete_versions(folder)

    def _write_next(self, model: str, card: str, lite: str) -> int:
        unfinished = self._new_unfinished()
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(model, unfinished)
        if card:
            (unfinished / CARD_FILE).write_text(card, encoding="utf-8")
        _flush(unfinished)
        version = self._next_version()
        # Whoever sees the version finds its file. If this is interrupted, the next push removes it.
        self.exports.write(version, lite)
        unfinished.rename(self._path(version))
        _sync(unfinished.parent)
        return version

    def _remove(self, path: str) -> None:
        unfinished = self._new_unfinished()
        os.rename(path, unfinished)
        shutil.rmtree(unfinished)

    def _remove_unfinished(self) -> None:
        for folder in self.unfinished_pushes():
            shutil.rmtree(folder)

    def _new_unfinished(self) -> Path:
        return Path(self.folder, f"{_UNFINISHED}{uuid.uuid4().hex}")


def _flush(folder: Path) -> None:
    """Writes the files of a folder to disk, so that a power failure leaves no empty ones."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
