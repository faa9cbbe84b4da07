"""The versions of a model as TensorFlow Lite files: `exports/<version>/model.tflite`."""

import hashlib
import os
from collections.abc import Callable, Collection

from components.artifacts import copy_file, file_exists, gfile, list_names, read_bytes
from components.lite.result import LITE_FILE, LiteResult

EXPORTS = "exports"


class Exports:
    """The folder of these files, local or on gs://.

    Only files of this name, and what an interrupted copy of one left, are ever removed: the root
    may be a folder of the user's.
    """

    def __init__(self, folder: str):
        """Takes the folder; it need not exist."""
        self.folder = folder

    def path(self, version: int) -> str:
        """Returns the path of the file of a version, whether or not it exists."""
        return os.path.join(self.folder, str(version), LITE_FILE)

    def digest(self, version: int) -> str:
        """Returns the hex SHA-256 of the file of a version; empty if there is none."""
        return file_digest(self.path(version)) if file_exists(self.path(version)) else ""

    def write(self, version: int, path: str) -> bool:
        """Makes a copy of `path` the file of a version; returns whether that changed anything.

        With an empty path, the version has no file afterwards.
        """
        before = self.digest(version)
        if before == (file_digest(path) if path else ""):
            return False
        self._remove(version)
        if path:
            copy_file(path, self.path(version))
        return True

    def keep_only(self, versions: Callable[[], Collection[int]]) -> None:
        """Removes the files of other versions.

        Args:
          versions: Returns the versions to keep. It is called after the files were listed, so that
            the file of a push at the same time, which claims its number first, is kept.
        """
        found = [int(name) for name in _stripped(self.folder) if name.isdecimal()]
        for version in set(found).difference(versions()):
            self._remove(version)

    def _remove(self, version: int) -> None:
        folder = os.path.dirname(self.path(version))
        names = _stripped(folder)
        own = {name for name in names if name == LITE_FILE or name.startswith(f".{LITE_FILE}.")}
        for name in own:
            path = os.path.join(folder, name)
            gfile().remove(path) if "://" in path else os.remove(path)
        if own and own == names and "://" not in folder:
            os.rmdir(folder)


def judged_file(folder: str, result: LiteResult | None) -> str:
    """Returns the path of the TensorFlow Lite file in a serving check's artifact, or an empty text.

    Args:
      folder: The artifact.
      result: What the serving check found; None, or without a digest, if there is no file.

    Raises:
      RuntimeError: The file is not there, or not the one that was judged.
    """
    if result is None or not result.digest:
        return ""
    path = os.path.join(folder, LITE_FILE)
    if not file_exists(path) or file_digest(path) != result.digest:
        raise RuntimeError(f"{path} is missing, or is not the TensorFlow Lite file that was judged")
    return path


def file_digest(path: str) -> str:
    """Returns the hex SHA-256 of a file, local or on gs://."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def _stripped(folder: str) -> set[str]:
    # On gs:// the names of folders end with a slash.
    return {name.rstrip("/") for name in list_names(folder)}
