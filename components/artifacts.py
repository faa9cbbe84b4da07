"""Reads and writes files of artifacts, local or on gs://."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2

from data.ingestion_counts import COUNTS_FILE, IngestionCounts
from data.schema import parse_schema

# TFX's names for the file of a schema and the folder of a SavedModel.
SCHEMA_FILE = "schema.pbtxt"
SERVING_FORMAT = "Format-Serving"
# The folder of the Keras weights, next to SERVING_FORMAT, and the file in it.
KERAS_FORMAT = "Format-Keras"
WEIGHTS_FILE = "weights.h5"
# The file of `components.image_hashes` in a SavedModel, whose loaders ignore this folder.
SEEN_FILE = "assets.extra/seen_images.npz"


def read_bytes(*path: str) -> bytes:
    """Returns the content of the file at the joined `path`.

    A local file is read without importing TensorFlow, which takes seconds.
    """
    name = os.path.join(*path)
    opener = gfile().GFile if "://" in name else open
    with opener(name, "rb") as file:
        content: bytes = file.read()
    return content


def file_exists(*path: str) -> bool:
    """Returns whether there is a file at the joined `path`; see `read_bytes` for local ones."""
    name = os.path.join(*path)
    return bool(gfile().exists(name)) if "://" in name else os.path.exists(name)


def list_names(folder: str) -> set[str]:
    """Returns the names in a folder; none if it does not exist."""
    if "://" in folder:
        return set(gfile().listdir(folder)) if gfile().isdir(folder) else set()
    return set(os.listdir(folder)) if os.path.isdir(folder) else set()


@contextmanager
def copied_here(path: str) -> Iterator[str]:
    """Yields the path of a local copy of a file, for libraries without support for gs://."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, os.path.basename(path))
        gfile().copy(path, copy)
        yield copy


@contextmanager
def whole_file(path: str) -> Iterator[str]:
    """Yields a path to write to; the file is at `path`, local or on gs://, once it is complete.

    An error leaves nothing behind. The folder of `path` is created.
    """
    folder, name = os.path.split(path)
    if "://" in path:
        with tempfile.TemporaryDirectory() as local:
            yield os.path.join(local, name)
            gfile().copy(os.path.join(local, name), path, overwrite=True)
        return
    os.makedirs(folder or ".", exist_ok=True)
    unfinished = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            os.remove(unfinished)


def copy_file(source: str, target: str) -> None:
    """Copies a file, local or on gs://; at `target` it is whole or not at all."""
    if "://" in source or "://" in target:
        gfile().makedirs(os.path.dirname(target))
        gfile().copy(source, target, overwrite=True)
        return
    with whole_file(target) as unfinished:
        shutil.copyfile(source, unfinished)
        with open(unfinished, "rb+") as file:
            # So that a power failure leaves no empty file.
            os.fsync(file.fileno())


def write_bytes(content: bytes, *path: str) -> None:
    """Writes a file at the joined `path`; creates its folder."""
    name = os.path.join(*path)
    gfile().makedirs(os.path.dirname(name))
    with gfile().GFile(name, "wb") as file:
        file.write(content)


def write_text(text: str, *path: str) -> None:
    """Writes a text file at the joined `path`; creates its folder."""
    write_bytes(text.encode(), *path)


def read_json(*path: str) -> Any:
    """Returns the values of a JSON file."""
    return json.loads(read_bytes(*path))


def write_json(values: Any, *path: str) -> None:
    """Writes values as indented JSON."""
    write_text(json.dumps(values, indent=2) + "\n", *path)


def read_schema(*path: str) -> schema_pb2.Schema:
    """Returns the schema in a `.pbtxt` file."""
    return parse_schema(read_bytes(*path).decode())


def read_counts(quarantine_uri: str) -> IngestionCounts:
    """Returns the counts in ExampleGen's quarantine artifact."""
    return IngestionCounts.model_validate_json(read_bytes(quarantine_uri, COUNTS_FILE))


def gfile() -> Any:
    """Returns `tf.io.gfile`, imported when it is needed."""
    # The history imports this module, and importing TensorFlow takes seconds.
    import tensorflow as tf

    return tf.io.gfile
