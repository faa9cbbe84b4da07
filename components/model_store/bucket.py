"""A folder of a bucket that TensorFlow Serving watches; it has no renames and no locks.

A version counts once its `saved_model.pb` exists: a push writes this file last, and a removal
deletes it first. A push claims its number with a file of its own in the version's folder. If it
then finds anything else there, it gives the number up. A bucket's listings are never stale, so of
pushes that claim a number at the same time at most one goes on.
"""

import contextlib
import logging
import math
import os
import random
import time
import uuid
from collections.abc import Sequence

import tensorflow as tf

from components.artifacts import write_text
from components.model_store.base import CARD_FILE, CLAIM, list_model_files, model_digest
from components.model_store.folder import FolderStore, parse_version
from data.common.files import digest_files

_MODEL_FILE = "saved_model.pb"
# A push takes minutes. What has not changed for a day was left by one that was killed.
_ABANDONED_SECONDS = 24 * 60 * 60
# Pushes that met at a number try the next one after different pauses.
_LONGEST_PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


class VersionChanged(Exception):
    """The files of a new version are not those of the model; the version was removed."""


class BucketStore(FolderStore):
    """A gs:// folder of versions; several pushes may run at the same time."""

    def _complete_versions(self, folder: str) -> list[int]:
        return [
            n for n in self._used_versions(folder) if _is_complete(os.path.join(folder, str(n)))
        ]

    def _names(self, folder: str) -> list[str]:
        found = tf.io.gfile.listdir(folder) if tf.io.gfile.isdir(folder) else []
        return [path.rstrip("/") for path in found]

    def _used_versions(self, folder: str) -> list[int]:
        return [version for name in self._names(folder) if (version := parse_version(name))]

    def _write_next(self, model: str, card: str, lite: str) -> int:
        version, claim = self._claim()
        path = self._path(version)
        try:
            self.exports.write(version, lite)
            _copy_model(model, path, card)
        except BaseException:
            self._remove(path)
            raise
        _remove_file(os.path.join(path, claim))
        return version

    def _claim(self) -> tuple[int, str]:
        """Claims a number; returns it and the name of the file that claims it."""
        claim = f"{CLAIM}{uuid.uuid4().hex}"
        while True:
            version = self._next_version()
            path = self._path(version)
            # The folder may be removed by a push that saw it empty.
            with contextlib.suppress(tf.errors.NotFoundError):
                write_text("", path, claim)
                if tf.io.gfile.listdir(path) == [claim]:
                    return version, claim
            log.info("another push writes version %d", version)
            _remove_file(os.path.join(path, claim))
            time.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))

    def _remove(self, path: str) -> None:
        _remove_file(os.path.join(path, _MODEL_FILE))
        _remove_files(path)

    def _remove_unfinished(self) -> None:
        for path in map(self._path, self._used_versions(self.folder)):
            if not _is_complete(path) and time.time() - _last_change(path) > _ABANDONED_SECONDS:
                _remove_files(path)


def _copy_model(model: str, path: str, card: str) -> None:
    """Copies a model, the file that makes it count last, and checks the copies before and after.

    Raises:
      VersionChanged: Another program wrote or removed files of this version.
    """
    others = [name for name in list_model_files(model) if name != _MODEL_FILE]
    if card:
        write_text(card, path, CARD_FILE)
    for name in sorted(others):
        _copy(name, model, path)
    if sorted(list_model_files(path)) != sorted(others) or _digest(path, others) != _digest(
        model, others
    ):
        raise VersionChanged(_changed(path))
    _copy(_MODEL_FILE, model, path)
    if model_digest(path) != model_digest(model):
        raise VersionChanged(_changed(path))


def _copy(name: str, model: str, path: str) -> None:
    target = os.path.join(path, name)
    tf.io.gfile.makedirs(os.path.dirname(target))
    tf.io.gfile.copy(os.path.join(model, name), target, overwrite=True)


def _digest(folder: str, names: Sequence[str]) -> str:
    return digest_files({n: os.path.join(folder, n) for n in names}, tf.io.gfile.GFile)


def _changed(path: str) -> str:
    return (
        f"{path} does not hold the files of the model after they were copied: another program "
        "writes to this folder, or a file was damaged; the version was removed. Check that only "
        "pipelines with this version of the program push to this folder, and push again."
    )


def _is_complete(path: str) -> bool:
    return bool(tf.io.gfile.exists(os.path.join(path, _MODEL_FILE)))


def _last_change(path: str) -> float:
    """Returns when the newest file of a folder was written, in seconds since 1970.

    It is infinity for an empty folder, to which a push may be about to write its claim.
    """
    files = [os.path.join(f, name) for f, _, names in tf.io.gfile.walk(path) for name in names]
    times = []
    for file in files:
        with contextlib.suppress(tf.errors.NotFoundError):
            times.append(tf.io.gfile.stat(file).mtime_nsec / 1e9)
    return max(times, default=math.inf)


def _remove_file(path: str) -> None:
    """Removes a file, unless another push has removed it meanwhile."""
    with contextlib.suppress(tf.errors.NotFoundError):
        tf.io.gfile.remove(path)


def _remove_files(path: str) -> None:
    """Removes a folder, unless another push has removed it meanwhile."""
    with contextlib.suppress(tf.errors.NotFoundError):
        tf.io.gfile.rmtree(path)
