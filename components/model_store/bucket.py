"""Putting a model where TF Serving watches a bucket, in which nothing can be renamed.

Paths are text, gs:// or local, and all goes through TensorFlow's file system. A version counts once
its `saved_model.pb` is there: a push writes that last, and a removal takes it first.
"""

import os
from collections.abc import Iterator

import tensorflow as tf

from components.artifacts import write_text
from components.model_store.local import CARD_FILE, WITHDRAWN, Pushed, ServedVersion
from data.common.digest import digest_files

_MODEL_FILE = "saved_model.pb"


def push_to_bucket(model: str, serving: str, card: str, keep: int) -> Pushed:
    """Copies a SavedModel to `serving/<highest version + 1>`, as `local.push` does.

    What an interrupted push left is removed first. One push at a time: a bucket knows no lock.
    """
    for leftover in _unfinished(serving):
        tf.io.gfile.rmtree(leftover)
    digest = model_digest(model)
    now = current_version(serving)
    if now.digest == digest:
        _prune(serving, keep)
        return Pushed(now.version, now.path, digest, new=False)
    taken_back = [s for s in _newest_first(_beside(serving)) if s.digest == digest]
    if taken_back:
        return Pushed(taken_back[0].version, taken_back[0].path, digest, new=False, withdrawn=True)
    version = 1 + max([*_numbers(serving), *_numbers(_beside(serving))], default=0)
    path = os.path.join(serving, str(version))
    if card:
        write_text(card, path, CARD_FILE)
    for name in sorted(_files(model), key=lambda name: (name == _MODEL_FILE, name)):
        target = os.path.join(path, name)
        tf.io.gfile.makedirs(os.path.dirname(target))
        tf.io.gfile.copy(os.path.join(model, name), target, overwrite=True)
    _prune(serving, keep)
    return Pushed(version, path, digest, new=True)


def current_version(serving: str) -> ServedVersion:
    """Returns the model of the highest version."""
    return next(_newest_first(serving), ServedVersion())


def baseline_for(serving: str, digest: str) -> ServedVersion:
    """Returns the model that one with this digest takes the place of, or took it.

    That is the model of the highest version; or, where that is the very model, the one before: so
    the answer for a model is the same before its push and after it.
    """
    return next((s for s in _newest_first(serving) if s.digest != digest), ServedVersion())


def model_digest(model: str) -> str:
    """Returns what `local.model_digest` does, of a folder anywhere."""
    files = {name: os.path.join(model, name) for name in _files(model)}
    return digest_files(files, tf.io.gfile.GFile)


def _newest_first(folder: str) -> Iterator[ServedVersion]:
    """Yields the models of a folder of versions."""
    for version in sorted(_numbers(folder), reverse=True):
        path = os.path.join(folder, str(version))
        yield ServedVersion(version, path, model_digest(path))


def _numbers(folder: str) -> list[int]:
    """Returns the versions in a folder that are whole."""
    return [int(name) for name, whole in _versions(folder) if whole]


def _unfinished(folder: str) -> list[str]:
    """Returns the folders that an interrupted push or removal left."""
    return [os.path.join(folder, name) for name, whole in _versions(folder) if not whole]


def _versions(folder: str) -> list[tuple[str, bool]]:
    """Returns the numbers in a folder, and whether each is a whole version."""
    if not tf.io.gfile.isdir(folder):
        return []
    names = [name.rstrip("/") for name in tf.io.gfile.listdir(folder)]
    return [
        (name, tf.io.gfile.exists(os.path.join(folder, name, _MODEL_FILE)))
        for name in names
        if name.isdecimal()
    ]


def _beside(serving: str) -> str:
    return os.path.join(os.path.dirname(serving.rstrip("/")), WITHDRAWN)


def _files(model: str) -> list[str]:
    """Returns the names of a model's files, relative to its folder; its card is none of them."""
    return [
        os.path.relpath(os.path.join(folder, name), model)
        for folder, _, names in tf.io.gfile.walk(model)
        for name in names
        if name != CARD_FILE
    ]


def _prune(serving: str, keep: int) -> None:
    """Removes the oldest versions; the one that serves and the one before it stay."""
    for version in sorted(_numbers(serving))[: -max(keep, 2)]:
        path = os.path.join(serving, str(version))
        tf.io.gfile.remove(os.path.join(path, _MODEL_FILE))
        tf.io.gfile.rmtree(path)
