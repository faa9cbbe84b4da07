"""A folder of a bucket that TensorFlow Serving watches; nothing in a bucket can be renamed.

A version counts once its `saved_model.pb` exists: a push writes this file last, and a removal
deletes it first.
"""

import os

import tensorflow as tf

from components.artifacts import write_text
from components.model_store.base import CARD_FILE, list_model_files
from components.model_store.folder import FolderStore

_MODEL_FILE = "saved_model.pb"


class BucketStore(FolderStore):
    """A gs:// folder of versions. A bucket has no locks, so only one push may run at a time."""

    def _complete_versions(self, folder: str) -> list[int]:
        return [int(name) for name, complete in _numbered(folder) if complete]

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
        for name, complete in _numbered(self.folder):
            if not complete:
                tf.io.gfile.rmtree(os.path.join(self.folder, name))


def _numbered(folder: str) -> list[tuple[str, bool]]:
    """Returns the numbers in a folder, and whether each is a complete version."""
    found = tf.io.gfile.listdir(folder) if tf.io.gfile.isdir(folder) else []
    names = [name for name in (path.rstrip("/") for path in found) if name.isdecimal()]
    return [(n, tf.io.gfile.exists(os.path.join(folder, n, _MODEL_FILE))) for n in names]
