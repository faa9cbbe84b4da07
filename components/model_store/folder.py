"""The rules that local folders and folders of a bucket share."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from components.artifacts import whole_file
from components.model_store.base import (
    CARD_FILE,
    WITHDRAWN,
    Pushed,
    ServedVersion,
    SmokeCase,
    model_digest,
)
from components.model_store.exports import EXPORTS, Exports

_VERSION = re.compile(r"[1-9][0-9]{0,17}")
_TF_SERVING_NUMBER = re.compile(r"\s*-?[0-9]{1,19}\s*", re.ASCII)


def parse_version(name: str) -> int | None:
    """Returns the version with a folder name, such as 7 for `7`, or None for any other folder.

    TensorFlow Serving also reads `007`, ` 7` and `-7` as numbers (`safe_strto64` in its
    `file_system_storage_path_source.cc`). Here only the canonical form of a positive number is a
    version, because a version must have one path; `FolderStore.misread` lists the others.
    """
    return int(name) if _VERSION.fullmatch(name) else None


class FolderStore(ABC):
    """Numbered versions in a folder; TensorFlow Serving serves the highest.

    Withdrawn versions lie in a folder next to it, and so do the TensorFlow Lite files of the served
    ones. The number of an existing or withdrawn version is not used again.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        """Takes the folder that TensorFlow Serving watches; it need not exist."""
        self.folder = os.fspath(folder).rstrip("/")
        self.withdrawn_folder = os.path.join(os.path.dirname(self.folder), WITHDRAWN)
        self.exports = Exports(os.path.join(os.path.dirname(self.folder), EXPORTS))

    def push(
        self,
        model: str | os.PathLike[str],
        *,
        card: str = "",
        keep: int | None = None,
        smoke: Sequence[SmokeCase] = (),
        lite: str = "",
        again: bool = False,
    ) -> Pushed:
        """See `ModelStore.push`; also removes what an interrupted push left.

        `again` pushes a model although it was withdrawn, and then removes the withdrawn copy.
        """
        self._remove_unfinished()
        # Before a number is used again.
        self._prune_exports()
        digest = model_digest(model)
        current = self.current_version()
        if current.digest == digest:
            if self.exports.write(current.version, lite) and card:
                self._replace_card(current.path, card)
            self._prune(keep)
            return Pushed(current.version, current.path, digest, new=False)
        withdrawn = next((v for v in self.withdrawn() if v.digest == digest), None)
        if withdrawn and not again:
            return Pushed(withdrawn.version, withdrawn.path, digest, new=False, withdrawn=True)
        version = self._write_next(os.fspath(model), card, lite)
        if withdrawn:
            self._remove(withdrawn.path)
        self._prune(keep)
        serving = max(self.served_versions(), default=version)
        newer = serving if serving > version else 0
        return Pushed(version, self._path(version), digest, new=True, newer=newer)

    def current_version(self) -> ServedVersion:
        """Returns the serving version, which is the highest."""
        return next(self.served(), ServedVersion())

    def baseline_for(self, digest: str) -> ServedVersion:
        """See `ModelStore.baseline_for`."""
        return next((v for v in self.served() if v.digest != digest), ServedVersion())

    def served(self) -> Iterator[ServedVersion]:
        """Yields the versions in the served folder, newest first."""
        return self._newest_first(self.folder)

    def withdrawn(self) -> Iterator[ServedVersion]:
        """Yields the withdrawn versions, newest first."""
        return self._newest_first(self.withdrawn_folder)

    def served_versions(self) -> list[int]:
        """Returns the numbers of the served versions, in ascending order: 10 is newer than 9."""
        return sorted(self._complete_versions(self.folder))

    def withdrawn_versions(self) -> list[int]:
        """Returns the numbers of the withdrawn versions, in ascending order."""
        return sorted(self._complete_versions(self.withdrawn_folder))

    def misread(self) -> list[str]:
        """Returns the names in the served folder that only TensorFlow Serving reads as versions."""
        return sorted(
            name
            for name in self._names(self.folder)
            if _TF_SERVING_NUMBER.fullmatch(name) and parse_version(name) is None
        )

    def _next_version(self) -> int:
        """Returns the number after those that were used, also by unfinished pushes."""
        used = [*self._used_versions(self.folder), *self._used_versions(self.withdrawn_folder)]
        return 1 + max(used, default=0)

    def _path(self, version: int) -> str:
        return os.path.join(self.folder, str(version))

    def _newest_first(self, folder: str) -> Iterator[ServedVersion]:
        for version in sorted(self._complete_versions(folder), reverse=True):
            path = os.path.join(folder, str(version))
            yield ServedVersion(version, path, model_digest(path))

    def _replace_card(self, path: str, card: str) -> None:
        with (
            whole_file(os.path.join(path, CARD_FILE)) as file,
            open(file, "w", encoding="utf-8") as stream,
        ):
            stream.write(card)

    def _prune(self, keep: int | None) -> None:
        """Removes the oldest versions, but never the serving one and its predecessor."""
        if keep is not None:
            for version in self.served_versions()[: -max(keep, 2)]:
                self._remove(self._path(version))
        self._prune_exports()

    def _prune_exports(self) -> None:
        self.exports.keep_only(lambda: self._used_versions(self.folder))

    @abstractmethod
    def _names(self, folder: str) -> list[str]:
        """Returns the names of the folders in a folder; empty if it does not exist."""

    @abstractmethod
    def _complete_versions(self, folder: str) -> list[int]:
        """Returns the numbers of the completely written versions in a folder."""

    @abstractmethod
    def _used_versions(self, folder: str) -> list[int]:
        """Returns the numbers in a folder, also those of versions that do not count."""

    @abstractmethod
    def _write_next(self, model: str, card: str, lite: str) -> int:
        """Copies a model, its card and its TensorFlow Lite file, whose path may be empty.

        It is the next version, all or nothing; returns its number.
        """

    @abstractmethod
    def _remove(self, path: str) -> None:
        """Removes a version; if interrupted, the version is complete or does not count."""

    @abstractmethod
    def _remove_unfinished(self) -> None:
        """Removes what interrupted pushes and removals left, but no push that is still running."""
