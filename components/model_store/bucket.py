"""A folder of a bucket that TensorFlow Serving watches; nothing in a bucket can be renamed.

A version counts once its `saved_model.pb` exists: a push writes this file last, and a removal
deletes it first.
"""

import os

import tensorflow as tf

from components.artifacts import write_text
from components.model_store.base import CARD_FILE, list_model_files
from components.model_store.folder import FolderStore, parse_version

_MODEL_FILE = "saved_model.pb"


class BucketStore(FolderStore):
    """A gs:// folder of versions. A bucket has no locks, so only one push may run at a time."""

    def _complete_versions(self, folder: str) -> list[int]:
        return [version for version in self._versions(folder) if _is_complete(folder, version)]

    def _names(self, folder: str) -> list[str]:
        found = tf.io.gfile.listdir(folder) if tf.io.gfile.isdir(folder) else []
        return [path.rstrip("/") for path in found]

    def _versions(self, folder: str) -> list[int]:
        """Returns the numbers in a folder, also those of unfinished pushes."""
        return [version for name in self._names(folder) if (version := parse_version(name))]

    def _write(self, model: str, path: str, card: str) -> None:
        if card:
            write_text(card, path, CARD_FILE)
        for name in sorted(list_model_files(model), key=lambda name: (name == _MODEL_FILE, name)):
            target = os.path.join(path, name)
            tf.io.gfile.makedirs(os.path.dirname(target))
            tf.io.gfile.copy(os.path.join(model, name), target, overwrite=True)

    def _remove(self, path: str) -> None:
        tf.io.gfile.remove(os.path.join(path, _MODEL_FILE))
        tf.io.gfile.rmtree(path)

    def _remove_unfinished(self) -> None:
        for version in self._versions(self.folder):
            if not _is_complete(self.folder, version):
                tf.io.gfile.rmtree(os.path.join(self.folder, str(version)))


def _is_complete(folder: str, version: int) -> bool:
    complete: bool = tf.io.gfile.exists(os.path.join(folder, str(version), _MODEL_FILE))
    return complete
