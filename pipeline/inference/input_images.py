"""What `flowers predict` is asked about: image files, records and folders of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from data.common.errors import UsageError
from data.sources import RECORD_FILES, is_data_file
from pipeline.lazy_tensorflow import import_tensorflow

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")


@dataclass(frozen=True)
class InputImage:
    """An image: its encoded content, or the error why there is none.

    `path` is the one of its file; a record's has the index in its shard: `roses00-150.tfrec#17`.
    """

    path: str
    content: bytes = b""
    error: str = ""


def read_images(paths: Sequence[Path]) -> Iterator[InputImage]:
    """Returns the images of some paths in their order, each read when it is asked for.

    Args:
      paths: image files, record files (`*.tfrec*`), or folders of them at any depth; in a folder,
        hidden files and folders don't count.

    Raises:
      UsageError: a path does not exist, or a folder holds neither; before anything is read.
    """
    for path in paths:
        _check(path)
    return (asked for path in paths for file in _files(path) for asked in _read(file))


def _check(path: Path) -> None:
    if not path.exists():
        raise UsageError(
            f"{path} does not exist; predict takes image files, record files and folders"
        )
    if not any(True for _ in _files(path)):
        raise UsageError(
            f"{path} holds no images ({', '.join(IMAGE_SUFFIXES)}) and no records ({RECORD_FILES})"
        )


def _files(path: Path) -> Iterator[Path]:
    return _in_folder(path) if path.is_dir() else iter([path])


def _in_folder(folder: Path) -> Iterator[Path]:
    """Yields the files of a folder, sorted; of the tree, only the names along one path are held."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        # To read it as a file fails too, and says why.
        yield folder
        return
    for path in entries:
        if path.is_dir() and not path.is_symlink():
            yield from _in_folder(path)
        elif path.suffix.lower() in IMAGE_SUFFIXES or _is_record_file(path):
            yield path


def _is_record_file(path: Path) -> bool:
    return fnmatch(path.name, RECORD_FILES) and is_data_file(str(path))


def _read(file: Path) -> Iterator[InputImage]:
    if file.is_file() and _is_record_file(file):
        yield from _records(file)
        return
    try:
        yield InputImage(str(file), file.read_bytes())
    except OSError as error:
        yield InputImage(str(file), error=f"can't be read: {error.strerror}")


def _records(file: Path) -> Iterator[InputImage]:
    tf = import_tensorflow()
    from data.records import describe_read_error

    index = 0
    try:
        for content in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            yield _record(f"{file}#{index}", content)
            index += 1
    except tf.errors.OpError as error:
        yield InputImage(
            f"{file}#{index}", error=f"the file breaks off: {describe_read_error(error)}"
        )


def _record(path: str, content: bytes) -> InputImage:
    from components.example_gen.checks import InvalidRecord, extract_image

    try:
        return InputImage(path, extract_image(content))
    except InvalidRecord as bad:
        return InputImage(path, error=str(bad))
