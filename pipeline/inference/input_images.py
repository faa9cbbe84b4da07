"""The images for `flowers predict`: from image files, record files and folders of both."""

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
    """An encoded image, or the reason why it cannot be read.

    Attributes:
      path: The path of the file; for a record with its index, such as `roses00-150.tfrec#17`.
      content: The encoded image; empty on an error.
      error: The reason why there is no image; empty otherwise.
    """

    path: str
    content: bytes = b""
    error: str = ""


def read_images(paths: Sequence[Path]) -> Iterator[InputImage]:
    """Returns a lazy iterator over the images in files, record files and folders, in order.

    Folders are searched recursively, without hidden files and folders.

    Raises:
      UsageError: A path does not exist, or a folder has no images and no records. Raised before
        anything is read.
    """
    for path in paths:
        _check(path)
    return (image for path in paths for file in _files(path) for image in _read(file))


def _check(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"{path} does not exist; predict takes images, record files and folders")
    if next(_files(path), None) is None:
        suffixes = ", ".join(IMAGE_SUFFIXES)
        raise UsageError(f"{path} has no images ({suffixes}) and no records ({RECORD_FILES})")


def _files(path: Path) -> Iterator[Path]:
    return _in_folder(path) if path.is_dir() else iter([path])


def _in_folder(folder: Path) -> Iterator[Path]:
    """Yields the files of a folder, sorted; memory grows with the depth of the tree only."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        # Reading it as a file fails as well, and reports the reason.
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
        yield InputImage(str(file), error=f"cannot be read: {error.strerror}")


def _records(file: Path) -> Iterator[InputImage]:
    tf = import_tensorflow()
    from data.records import describe_read_error

    index = 0
    try:
        for content in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            yield _record(f"{file}#{index}", content)
            index += 1
    except tf.errors.OpError as error:
        problem = f"the rest of the file cannot be read: {describe_read_error(error)}"
        yield InputImage(f"{file}#{index}", error=problem)


def _record(path: str, content: bytes) -> InputImage:
    from components.example_gen.checks import InvalidRecord, extract_image

    try:
        return InputImage(path, extract_image(content))
    except InvalidRecord as error:
        return InputImage(path, error=str(error))
