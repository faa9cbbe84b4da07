"""The images for `flowers predict`: from image files, record files and folders of both."""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from components.artifacts import read_bytes
from data.common.errors import TransientError, UsageError
from data.common.formatting import printable
from data.images.file_names import looks_like_image
from data.images.formats import needs_conversion
from data.images.reading import UnreadableImage, read_file, read_image
from data.images.signatures import is_decodable
from data.importing.file_tree import walk_files
from data.sources import RECORD_FILES, is_data_file
from pipeline.lazy_tensorflow import import_tensorflow


@dataclass(frozen=True)
class InputImage:
    """An encoded image, or the reason why it cannot be read.

    Attributes:
      path: The path of the file; for a record with its index, such as `roses00-150.tfrec#17`.
      content: The encoded image; empty on an error.
      error: The reason why there is no image; empty otherwise.
      source: The path of the image file that a record names; empty if it names none.
      named: Whether the user named the file, rather than a folder that contains it.
    """

    path: str
    content: bytes = b""
    error: str = ""
    source: str = ""
    named: bool = False


def read_images(paths: Sequence[Path]) -> Iterator[InputImage]:
    """Returns a lazy iterator over the images in files, record files and folders, in order.

    Images are converted as `flowers data import` does, if the model could not read them otherwise.
    Folders are searched recursively, without hidden files and folders, the lists that an import
    writes next to its records, and markers; every other file is an image or an error.

    Raises:
      UsageError: A folder has no files. Raised before anything is read.
    """
    for path in paths:
        if path.is_dir() and next(files_in_folder(path), None) is None:
            raise UsageError(f"{path} is an empty folder; predict takes images and record files")
    return (image for path in paths for image in _read_all(path))


def is_input_file(path: str) -> bool:
    """Returns whether a file in a folder is read: not hidden, a marker, or a list of an import."""
    # Cameras write images whose names begin with an underscore.
    return is_data_file(path) or looks_like_image(path)


def is_record_file(path: str) -> bool:
    """Returns whether a file has records, by its name."""
    return fnmatch(os.path.basename(path), RECORD_FILES)


def read_file_images(path: str, named: bool = False) -> Iterator[InputImage]:
    """Yields the image of a file, or those of a record file; the file may be on gs://.

    Raises:
      TransientError: A file on gs:// cannot be read now.
    """
    if is_record_file(path) and ("://" in path or os.path.isfile(path)):
        yield from _records(path, named)
        return
    name = printable(path)
    try:
        content = _read_remote(path) if "://" in path else read_file(path)
    except UnreadableImage as error:
        yield InputImage(name, error=f"cannot be read: {error}", named=named)
    else:
        yield replace(to_input_image(name, content), named=named)


def _read_all(path: Path) -> Iterator[InputImage]:
    if not path.is_dir():
        yield from read_file_images(str(path), named=True)
        return
    for file, problem in files_in_folder(path):
        if problem:
            yield InputImage(printable(str(file)), error=f"cannot be read: {problem}")
        else:
            yield from read_file_images(str(file))


def files_in_folder(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yields the files of a folder, and why they cannot be read; see `walk_files`."""
    for path, problem in walk_files(folder):
        if is_input_file(str(path)):
            yield path, problem


def _read_remote(path: str) -> bytes:
    """Returns the content of a file on gs://, of which only what is lasting is its own problem."""
    tf = import_tensorflow()
    lasting = (tf.errors.NotFoundError, tf.errors.PermissionDeniedError)
    try:
        return read_bytes(path)
    except lasting as error:
        raise UnreadableImage(error.message) from error
    except tf.errors.OpError as error:
        raise TransientError(f"{path} cannot be read: {error.message}") from error


def _records(file: str, named: bool) -> Iterator[InputImage]:
    tf = import_tensorflow()
    from data.records import ReadError, describe_damage, read_records

    index = 0
    try:
        for content in read_records(file):
            yield _record(printable(f"{file}#{index}"), content)
            index += 1
    except (tf.errors.DataLossError, ReadError) as error:
        problem = str(error)
        if isinstance(error, tf.errors.DataLossError):
            problem = f"the rest of the file cannot be read: {describe_damage(error)}"
        yield InputImage(printable(f"{file}#{index}"), error=problem, named=named)


def _record(path: str, content: bytes) -> InputImage:
    from components.example_gen.checks import InvalidRecord, extract_image, extract_source

    source = extract_source(content)
    try:
        return to_input_image(path, extract_image(content), source)
    except InvalidRecord as error:
        return InputImage(path, error=str(error), source=source)


def to_input_image(path: str, content: bytes, source: str = "") -> InputImage:
    """Returns the content of an image file as the model reads it, or the reason why it cannot be.

    Args:
      path: The path that the result has.
      content: The content, in any format that Pillow reads.
      source: The path of the image file that a record names.
    """
    if not needs_conversion(content):
        return InputImage(path, content, source=source)
    if is_decodable(content):
        # Its orientation is read with TensorFlow.
        import_tensorflow()
    png = io.BytesIO()
    try:
        read_image(content).save(png, "PNG", compress_level=1)
    except UnreadableImage as error:
        return InputImage(path, error=str(error), source=source)
    return InputImage(path, png.getvalue(), source=source)
