"""Where records come from: what `--data` may name, and which files that is."""

import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from data.digest import digest_files
from data.errors import UsageError

SAMPLE = "sample"
FLOWERS_PUBLIC = "flowers-public"
RECORD_FILES = "*.tfrec*"

# A TFRecord is its length, data, and a checksum of each.
_LENGTH = struct.Struct("<Q")
_FRAME_BYTES = 16
_WILDCARD = re.compile(r"[*?\[{]")
_ALLOWED = f"'{SAMPLE}', '{FLOWERS_PUBLIC}', a folder, a glob of TFRecord files, or gs://..."


@dataclass(frozen=True)
class Source:
    """Record files, as TFX's ExampleGen names them: a glob `pattern` under the folder `base`."""

    base: str
    pattern: str

    @property
    def remote(self) -> bool:
        """Whether the files lie on another machine (any URL scheme, such as gs://)."""
        return "://" in self.base

    def __str__(self) -> str:
        return f"{self.base.rstrip('/')}/{self.pattern}"


def resolve(source: str, public_size: int = 192) -> Source:
    """Returns the files that a value of `--data` stands for; none of them is read.

    Args:
      source: `sample`, `flowers-public`, a folder, a glob, or either on gs://.
      public_size: image side in pixels, where `source` is `flowers-public`.

    Raises:
      UsageError: a pattern that TFX would read otherwise than it is written.
    """
    if "**" in source:
        raise UsageError(f"--data: '**' is not supported, got {source}; name one folder a level")
    if source == SAMPLE:
        return Source(str(resources.files("data").joinpath("sample")), RECORD_FILES)
    if source == FLOWERS_PUBLIC:
        folder = f"tfrecords-jpeg-{public_size}x{public_size}-2"
        return Source(f"gs://flowers-public/{folder}", RECORD_FILES)
    if "://" in source:
        return _split_glob(source)
    path = Path(os.path.abspath(Path(source).expanduser()))
    return Source(str(path), RECORD_FILES) if path.is_dir() else _split_glob(str(path))


def list_files(source: Source) -> list[str]:
    """Returns the paths of the record files, sorted.

    Raises:
      UsageError: there is none, or the place can't be read.
    """
    files = _list_remote(source) if source.remote else _list_local(source)
    if not files:
        raise UsageError(
            f"no record files match {source}. "
            f"--data (or data.source in the config) takes {_ALLOWED}"
        )
    return files


def fingerprint(source: Source, files: Sequence[str]) -> str:
    """Returns a hex SHA-256 over names and contents of local record files."""
    return digest_files({os.path.relpath(file, source.base): Path(file) for file in files})


def measure(files: Sequence[str]) -> tuple[int, int]:
    """Returns the bytes of local record files, and about how many records they hold.

    The number is an estimate from the length of each file's first record.
    """
    total, records = 0, 0
    for file in files:
        size = os.path.getsize(file)
        with open(file, "rb") as stream:
            header = stream.read(_LENGTH.size)
        length = _LENGTH.unpack(header)[0] if len(header) == _LENGTH.size else 0
        total += size
        records += size // (length + _FRAME_BYTES)
    return total, records


def check_first_records(source: Source, files: Sequence[str]) -> None:
    """Reads the first record of every file, so that a wrong path costs no work.

    Raises:
      UsageError: a file that can't be read, is empty, or is no TFRecord file; or a pattern that
        TensorFlow, which ExampleGen reads with, expands to other files.
    """
    import tensorflow as tf

    if sorted(tf.io.gfile.glob(str(source))) != sorted(files):
        raise UsageError(f"--data: TensorFlow reads the pattern {source} differently; simplify it")
    for file in files:
        try:
            first = next(iter(tf.data.TFRecordDataset(file).take(1)), None)
        except tf.errors.OpError as error:
            raise UsageError(f"{file} is no readable TFRecord file: {error.message}") from error
        if first is None:
            raise UsageError(f"{file} holds no records; remove it or name other files in --data")


def _split_glob(path: str) -> Source:
    """Splits a path at its first folder with a wildcard: TFX wants a base and a pattern."""
    scheme, _, rest = path.rpartition("://")
    parts = rest.split("/")
    wild = next((i for i, part in enumerate(parts) if _WILDCARD.search(part)), None)
    if wild is None and scheme and not rest.endswith((".tfrec", ".tfrecord", ".tfrecords")):
        return Source(path.rstrip("/"), RECORD_FILES)
    cut = len(parts) - 1 if wild is None else wild
    base = "/".join(parts[:cut]) or "/"
    return Source(f"{scheme}://{base}" if scheme else base, "/".join(parts[cut:]))


def _list_local(source: Source) -> list[str]:
    base = Path(source.base)
    if _WILDCARD.search(source.base):
        raise UsageError(f"--data: TFX takes the name of {base} for a pattern; rename the folder")
    if not base.is_dir():
        raise UsageError(f"--data: the folder {base} does not exist. Allowed: {_ALLOWED}")
    return sorted(str(path) for path in base.glob(source.pattern) if path.is_file())


def _list_remote(source: Source) -> list[str]:
    import tensorflow as tf

    try:
        return sorted(tf.io.gfile.glob(str(source)))
    except tf.errors.OpError as error:
        raise UsageError(f"--data: {source} can't be listed: {error.message}") from error
