"""The sources of records: the values of `--data`, and the files that they stand for."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from data.common.errors import TransientError, UsageError
from data.common.files import digest_files
from data.record_folder import WILDCARD, refuse_images
from data.spans import (
    LATEST,
    Span,
    check_fields,
    check_span_glob,
    find_spans,
    has_spans,
    parse_rule,
    select_spans,
    to_glob,
)

SAMPLE = "sample"
FLOWERS_PUBLIC = "flowers-public"
# Side of its images in pixels.
PUBLIC_SIZES = (192, 224, 331, 512)
RECORD_FILES = "*.tfrec*"
# Number of simultaneous requests to a bucket.
_REQUESTS = 32
# How errors name the option; not a part of a path.
_OPTION = re.compile(r"(?<![\w/])--data(?: \(data\.source in the config\))?(?![\w/-])")
# Files that an import writes next to the records.
LABELS_FILE = "labels.txt"
IMPORT_FILE = "import.json"

_ALLOWED = (
    f"'{SAMPLE}', '{FLOWERS_PUBLIC}', a folder, a glob of TFRecord files (with {{SPAN}}, or "
    "{YYYY}, {MM} and {DD}), or gs://..."
)


@dataclass(frozen=True)
class Source:
    """Record files as globs under a base folder, as TFX's ExampleGen expects them.

    Attributes:
      base: An absolute path of a folder, or a URL.
      patterns: Globs relative to `base`; a file that matches several of them counts once.
      spans: The spans of the patterns, oldest first; empty if the data has no spans.
    """

    base: str
    patterns: tuple[str, ...]
    spans: tuple[Span, ...] = ()

    @property
    def remote(self) -> bool:
        """Whether `base` is a URL, such as gs://."""
        return "://" in self.base

    @property
    def globs(self) -> list[str]:
        """The patterns, prefixed with `base`."""
        return [f"{self.base.rstrip('/')}/{pattern}" for pattern in self.patterns]

    def __str__(self) -> str:
        return ", ".join(self.globs)


def resolve(source: str, public_size: int = 192, spans: str = LATEST) -> Source:
    """Returns the source for a value of `--data`, without reading any of its files.

    Args:
      source: `sample`, `flowers-public`, a folder, or a glob; folder and glob may be on gs://.
      public_size: Side of the images in pixels if `source` is `flowers-public`.
      spans: Rule that selects spans if `source` names them, see `data.spans.parse_rule`.

    Raises:
      UsageError: TFX would interpret the pattern differently, or no span matches the rule.
    """
    found = parse(source, public_size)
    if has_spans(found.patterns[0]):
        return _resolve_spans(found, spans)
    if spans != LATEST:
        raise UsageError(
            f"data.spans is {spans!r}, but --data names no spans: got {source}; "
            "name them in a pattern such as records/span-{SPAN}/*"
        )
    return found


@contextmanager
def named(option: str) -> Iterator[None]:
    """Lets the errors about a source name the option that it is the value of, not `--data`."""
    try:
        yield
    except UsageError as error:
        raise type(error)(_OPTION.sub(lambda _: option, str(error))) from error


def parse(source: str, public_size: int = 192) -> Source:
    """Returns the source for a value of `--data` before spans are selected, see `resolve`.

    It does not access gs://.

    Raises:
      UsageError: TFX would interpret the pattern differently.
    """
    if "**" in source:
        raise UsageError(f"--data: '**' is not supported, got {source}; use one '*' per folder")
    if source == SAMPLE:
        return Source(str(resources.files("data").joinpath("sample")), (RECORD_FILES,))
    if source == FLOWERS_PUBLIC:
        return Source(f"gs://{FLOWERS_PUBLIC}/{public_folder(public_size)}", (RECORD_FILES,))
    found = _split_glob(source) if "://" in source else _local(source)
    if has_spans(found.patterns[0]):
        check_fields(found.patterns[0])
    return found


def public_folder(size: int) -> str:
    """Returns the folder in the bucket `flowers-public` with images of `size` pixels."""
    return f"tfrecords-jpeg-{size}x{size}-2"


def list_files(source: Source) -> list[str]:
    """Returns the paths of the record files, sorted.

    Raises:
      UsageError: There are none, or they cannot be listed.
    """
    files = _list(source)
    if not files:
        _refuse_images(source)
        raise UsageError(
            f"no record files match {source}. --data (data.source in the config) takes {_ALLOWED}"
        )
    return files


def is_data_file(path: str) -> bool:
    """Returns whether a file is data: not hidden, a marker, or a file of `flowers data import`."""
    name = os.path.basename(path)
    return not name.startswith((".", "_")) and name not in (LABELS_FILE, IMPORT_FILE)


def fingerprint(source: Source, files: Sequence[str]) -> str:
    """Returns the hex SHA-256 of the names and contents of record files.

    Of remote files, which would have to be read twice, size and modification time count instead of
    the content.

    Raises:
      TransientError: Size and time of a remote file cannot be read.
    """
    if not source.remote:
        return digest_files({os.path.relpath(file, source.base): Path(file) for file in files})
    with ThreadPoolExecutor(_REQUESTS) as threads:
        described = threads.map(_describe_remote, files)
        return hashlib.sha256("".join(described).encode()).hexdigest()


def _local(source: str) -> Source:
    path = Path(os.path.abspath(os.path.expanduser(source)))
    return Source(str(path), (RECORD_FILES,)) if path.is_dir() else _split_glob(str(path))


def _split_glob(path: str) -> Source:
    """Splits a path at its first component with a wildcard into base and pattern."""
    scheme, _, rest = path.rpartition("://")
    parts = rest.split("/")
    wild = next((i for i, part in enumerate(parts) if WILDCARD.search(part)), None)
    if wild is None and scheme and not rest.endswith((".tfrec", ".tfrecord", ".tfrecords")):
        return Source(path.rstrip("/"), (RECORD_FILES,))
    cut = len(parts) - 1 if wild is None else wild
    base = "/".join(parts[:cut]) or "/"
    return Source(f"{scheme}://{base}" if scheme else base, ("/".join(parts[cut:]),))


def _resolve_spans(source: Source, rule: str) -> Source:
    (named,) = source.patterns
    # The pattern may match folders.
    for pattern in (named, f"{named}/{RECORD_FILES}"):
        spans = find_spans(pattern, _list_relative(source.base, to_glob(pattern)))
        if spans:
            break
    selected = select_spans(spans, parse_rule(rule))
    if not selected:
        names = ", ".join(span.name for span in spans) or "none"
        raise UsageError(f"data.spans is {rule!r}, but {source} has these spans: {names}")
    for span in selected:
        check_span_glob(span, pattern, _list_relative(source.base, span.pattern))
    return Source(source.base, tuple(span.pattern for span in selected), tuple(selected))


def _list_relative(base: str, pattern: str) -> list[str]:
    """Returns the paths of the record files that match a glob, relative to `base`."""
    return [os.path.relpath(file, base) for file in _list(Source(base, (pattern,)))]


def _list(source: Source) -> list[str]:
    found = _list_remote(source) if source.remote else _list_local(source)
    return sorted(set(filter(is_data_file, found)))


def _list_local(source: Source) -> list[str]:
    base = Path(source.base)
    if WILDCARD.search(source.base):
        _refuse_images(source)
        raise UsageError(
            f"--data: TFX would read the name of {base} as a pattern; rename the folder"
        )
    if not base.is_dir():
        raise UsageError(
            f"--data: got {source}, and the folder {base} does not exist. Allowed: {_ALLOWED}"
        )
    paths = (path for pattern in source.patterns for path in base.glob(pattern))
    return [str(path) for path in paths if path.is_file()]


def _refuse_images(source: Source) -> None:
    """Raises UsageError if a source is a folder, without a pattern, that contains images."""
    if source.patterns == (RECORD_FILES,):
        refuse_images(source.base)


def _describe_remote(file: str) -> str:
    """Returns a line with the path of a remote file, its size in bytes, and its time in ns."""
    import tensorflow as tf

    try:
        found = tf.io.gfile.stat(file)
    except tf.errors.OpError as error:
        raise TransientError(f"--data: {file} cannot be read: {error.message}") from error
    return f"{file} {found.length} {found.mtime_nsec}\n"


def _list_remote(source: Source) -> list[str]:
    import tensorflow as tf

    try:
        return [path for glob in source.globs for path in tf.io.gfile.glob(glob)]
    except tf.errors.OpError as error:
        raise TransientError(f"--data: {source} cannot be listed: {error.message}") from error
