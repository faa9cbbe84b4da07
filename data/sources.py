"""Where records come from: what `--data` may name, and which files that is."""

import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from data.common.digest import digest_files
from data.common.errors import TransientError, UsageError
from data.spans import (
    LATEST,
    Span,
    as_glob,
    check_alone,
    check_fields,
    choose_spans,
    find_spans,
    has_spans,
    parse_rule,
)

SAMPLE = "sample"
FLOWERS_PUBLIC = "flowers-public"
# Sides of its images in pixels.
PUBLIC_SIZES = (192, 224, 331, 512)
RECORD_FILES = "*.tfrec*"
# What an import leaves beside its records.
LABELS_FILE = "labels.txt"
IMPORT_FILE = "import.json"

# A TFRecord is its length, data, and a checksum of each.
_LENGTH = struct.Struct("<Q")
_FRAME_BYTES = 16
_WILDCARD = re.compile(r"[*?\[{]")
_ALLOWED = (
    f"'{SAMPLE}', '{FLOWERS_PUBLIC}', a folder, a glob of TFRecord files (with {{SPAN}}, or "
    "{YYYY}, {MM} and {DD}), or gs://..."
)


@dataclass(frozen=True)
class Source:
    """Record files, as TFX's ExampleGen names them: globs under the folder `base`.

    Attributes:
      base: an absolute folder, or a URL.
      patterns: what matches several of them counts once.
      spans: those that the patterns are; none where the data has no spans.
    """

    base: str
    patterns: tuple[str, ...]
    spans: tuple[Span, ...] = ()

    @property
    def remote(self) -> bool:
        """Whether the files lie on another machine (any URL scheme, such as gs://)."""
        return "://" in self.base

    @property
    def globs(self) -> list[str]:
        """The patterns with the folder before them."""
        return [f"{self.base.rstrip('/')}/{pattern}" for pattern in self.patterns]

    def __str__(self) -> str:
        return ", ".join(self.globs)


def resolve(source: str, public_size: int = 192, spans: str = LATEST) -> Source:
    """Returns the files that a value of `--data` stands for; none of them is read.

    Args:
      source: `sample`, `flowers-public`, a folder, a glob, or either on gs://.
      public_size: image side in pixels, where `source` is `flowers-public`.
      spans: which of them, where `source` names spans, see `data.spans.parse_rule`.

    Raises:
      UsageError: a pattern that TFX would read otherwise than it is written, or spans that are not
        there.
    """
    found = parse(source, public_size)
    if has_spans(found.patterns[0]):
        return _with_spans(found, spans)
    if spans != LATEST:
        raise UsageError(
            f"data.spans is {spans!r}, and --data names no spans: got {source}; "
            "it takes a pattern such as records/span-{SPAN}/*"
        )
    return found


def parse(source: str, public_size: int = 192) -> Source:
    """Returns a value of `--data` as folder and pattern, in which spans are still to be chosen.

    Nothing is looked up on gs://.

    Args:
      source: as in `resolve`.
      public_size: as in `resolve`.

    Raises:
      UsageError: a pattern that TFX would read otherwise than it is written.
    """
    if "**" in source:
        raise UsageError(f"--data: '**' is not supported, got {source}; name one folder a level")
    if source == SAMPLE:
        return Source(str(resources.files("data").joinpath("sample")), (RECORD_FILES,))
    if source == FLOWERS_PUBLIC:
        return Source(f"gs://{FLOWERS_PUBLIC}/{public_folder(public_size)}", (RECORD_FILES,))
    found = _split_glob(source) if "://" in source else _local(source)
    if has_spans(found.patterns[0]):
        check_fields(found.patterns[0])
    return found


def public_folder(size: int) -> str:
    """Returns the folder of the bucket `flowers-public` that holds images of `size` pixels."""
    return f"tfrecords-jpeg-{size}x{size}-2"


def list_files(source: Source) -> list[str]:
    """Returns the paths of the record files, sorted.

    Raises:
      UsageError: there is none, or the place can't be read.
    """
    files = _list(source)
    if not files:
        raise UsageError(
            f"no record files match {source}. "
            f"--data (or data.source in the config) takes {_ALLOWED}"
        )
    return files


def holds_records(path: str) -> bool:
    """Whether a file that a pattern matches is one of records: no hidden file, mark or summary."""
    name = os.path.basename(path)
    return not name.startswith((".", "_")) and name not in (LABELS_FILE, IMPORT_FILE)


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

    matched = {path for glob in source.globs for path in tf.io.gfile.glob(glob)}
    if sorted(filter(holds_records, matched)) != sorted(files):
        raise UsageError(f"--data: TensorFlow reads the pattern {source} differently; simplify it")
    for file in files:
        try:
            first = next(iter(tf.data.TFRecordDataset(file).take(1)), None)
        except tf.errors.OpError as error:
            raise UsageError(f"{file} is no readable TFRecord file: {error.message}") from error
        if first is None:
            raise UsageError(f"{file} holds no records; remove it or name other files in --data")


def _local(source: str) -> Source:
    path = Path(os.path.abspath(os.path.expanduser(source)))
    return Source(str(path), (RECORD_FILES,)) if path.is_dir() else _split_glob(str(path))


def _split_glob(path: str) -> Source:
    """Splits a path at its first folder with a wildcard: TFX wants a base and a pattern."""
    scheme, _, rest = path.rpartition("://")
    parts = rest.split("/")
    wild = next((i for i, part in enumerate(parts) if _WILDCARD.search(part)), None)
    if wild is None and scheme and not rest.endswith((".tfrec", ".tfrecord", ".tfrecords")):
        return Source(path.rstrip("/"), (RECORD_FILES,))
    cut = len(parts) - 1 if wild is None else wild
    base = "/".join(parts[:cut]) or "/"
    return Source(f"{scheme}://{base}" if scheme else base, ("/".join(parts[cut:]),))


def _with_spans(source: Source, rule: str) -> Source:
    (pattern,) = source.patterns
    spans = find_spans(pattern, _relative(source.base, as_glob(pattern)))
    if not spans:
        # They may be folders.
        pattern = f"{pattern}/{RECORD_FILES}"
        spans = find_spans(pattern, _relative(source.base, as_glob(pattern)))
    chosen = choose_spans(spans, parse_rule(rule))
    if not chosen:
        there = ", ".join(span.name for span in spans) or "none"
        raise UsageError(f"data.spans is {rule!r}, and {source} has these spans: {there}")
    for span in chosen:
        check_alone(span, pattern, _relative(source.base, span.pattern))
    return Source(source.base, tuple(span.pattern for span in chosen), tuple(chosen))


def _relative(base: str, pattern: str) -> list[str]:
    """Returns the record files that a glob matches, relative to its folder."""
    return [os.path.relpath(file, base) for file in _list(Source(base, (pattern,)))]


def _list(source: Source) -> list[str]:
    found = _list_remote(source) if source.remote else _list_local(source)
    return sorted(set(filter(holds_records, found)))


def _list_local(source: Source) -> list[str]:
    base = Path(source.base)
    if _WILDCARD.search(source.base):
        raise UsageError(f"--data: TFX takes the name of {base} for a pattern; rename the folder")
    if not base.is_dir():
        raise UsageError(f"--data: the folder {base} does not exist. Allowed: {_ALLOWED}")
    paths = (path for pattern in source.patterns for path in base.glob(pattern))
    return [str(path) for path in paths if path.is_file()]


def _list_remote(source: Source) -> list[str]:
    import tensorflow as tf

    try:
        return [path for glob in source.globs for path in tf.io.gfile.glob(glob)]
    except tf.errors.OpError as error:
        raise TransientError(f"--data: {source} can't be listed: {error.message}") from error
