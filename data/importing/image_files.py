"""Finds labelled image files: in a folder per class, or in a CSV of paths and labels."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.classes import normalize_class_name
from data.common.errors import UsageError
from data.common.formatting import format_list, printable
from data.images.file_names import looks_like_image
from data.importing.file_tree import LeftOut, list_visible, relative_name, walk_files
from data.importing.table import TABLE_SUFFIXES, read_table

ALLOWED_SOURCES = (
    "a folder with one folder per class, such as photos/roses/a.jpg, or a CSV file "
    f"({', '.join(TABLE_SUFFIXES)}) with the columns path and label"
)

# The usual names of splits, in lower case.
_SPLIT_NAMES = {
    "train", "training", "val", "valid", "validation", "dev", "eval", "evaluation", "test",
    "testing",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class LabelledImage:
    """An image file.

    Attributes:
      source: Its path relative to the folder or CSV file that is imported; absolute if a CSV names
        a file elsewhere. POSIX, and escaped where it is not UTF-8 or cannot be printed.
      label: The name of its class.
      path: Its path.
    """

    source: str
    label: str
    path: str


@dataclass(frozen=True)
class FoundImages:
    """The image files of a source and what is left out, both sorted."""

    files: list[LabelledImage]
    left_out: list[LeftOut]


def find_images(source: Path, merge_splits: bool | None = None) -> FoundImages:
    """Returns the labelled images of a folder or CSV file.

    Args:
      source: A folder with one folder per class, in which hidden files and folders are ignored and
        links are followed; or a CSV file, see `data.importing.table`.
      merge_splits: Whether the folders in `source` are splits, such as `train`, and the classes are
        the folders in them; None if folders that look like splits are an error.

    Raises:
      UsageError: `source` is neither or cannot be read, or a class has an invalid name.
    """
    try:
        return _find(source, merge_splits)
    except OSError as error:
        raise UsageError(f"{printable(str(source))} cannot be read: {error.strerror}") from error


def remove_duplicates(
    files: Iterable[LabelledImage], left_out: list[LeftOut]
) -> list[LabelledImage]:
    """Returns the distinct images, sorted; the others are added to `left_out`."""
    unique: dict[tuple[str, str], LabelledImage] = {}
    for file in sorted(files):
        if (file.source, file.label) in unique:
            left_out.append(LeftOut(file.source, "the same path and class as another file"))
        else:
            unique[file.source, file.label] = file
    return list(unique.values())


def _find(source: Path, merge_splits: bool | None) -> FoundImages:
    left_out: list[LeftOut] = []
    if source.is_dir():
        files = _find_in_folders(source, merge_splits, left_out)
    elif source.suffix.lower() in TABLE_SUFFIXES and source.is_file():
        if merge_splits is not None:
            raise UsageError("--merge-splits is for folders; a CSV names the class of each image")
        files = _find_in_table(source)
    else:
        missing = "" if os.path.lexists(source) else " does not exist; it"
        raise UsageError(f"{printable(str(source))}{missing} must be {ALLOWED_SOURCES}")
    return FoundImages(remove_duplicates(files, left_out), sorted(left_out))


def _find_in_folders(
    source: Path, merge_splits: bool | None, left_out: list[LeftOut]
) -> list[LabelledImage]:
    folders = _folders(source, source, left_out)
    if merge_splits is None and (classes := _find_classes_in_splits(folders)):
        raise UsageError(_explain_splits(source, folders, classes))
    if merge_splits:
        folders = [inner for split in folders for inner in _folders(split, source, left_out)]
    return [file for folder in folders for file in _find_in_class(folder, source, left_out)]


def _folders(folder: Path, source: Path, left_out: list[LeftOut]) -> list[Path]:
    """Returns the folders in a folder; everything else is left out."""
    try:
        entries = list_visible(folder)
    except OSError as error:
        if folder == source:
            raise
        left_out.append(LeftOut(relative_name(folder, source), str(error.strerror)))
        return []
    inner = []
    for path in entries:
        if os.path.isdir(path):
            inner.append(path)
        else:
            left_out.append(LeftOut(relative_name(path, source), "not in the folder of a class"))
    return inner


def _find_classes_in_splits(folders: list[Path]) -> list[str]:
    """Returns the names of the folders in folders that look like splits; none if they do not.

    They do if they have the names of splits, or the same two or more folders and no images.
    """
    contents = [_list_inner(folder) for folder in folders]
    classes = sorted({name for names, _ in contents for name in names})
    if all(folder.name.lower() in _SPLIT_NAMES for folder in folders):
        return classes
    alike = all(names == classes and not has_images for names, has_images in contents)
    return classes if alike and len(folders) > 1 and len(classes) > 1 else []


def _list_inner(folder: Path) -> tuple[list[str], bool]:
    """Returns the names of the folders in a folder, and whether it has images beside them."""
    try:
        entries = list_visible(folder)
    except OSError:
        return [], False
    names = [path.name for path in entries if os.path.isdir(path)]
    return names, any(looks_like_image(path) for path in entries if path.name not in names)


def _explain_splits(source: Path, folders: list[Path], classes: list[str]) -> str:
    outer = format_list([printable(path.name) for path in folders])
    inner = format_list(list(map(printable, classes)))
    return (
        f"{printable(str(source))} has the folders {outer}, which contain the folders {inner}. If "
        f"the classes are {inner}, add --merge-splits: it imports the images of all splits, and "
        f"the pipeline makes its own splits. If the classes are {outer}, add --no-merge-splits"
    )


def _find_in_class(folder: Path, source: Path, left_out: list[LeftOut]) -> list[LabelledImage]:
    try:
        label = normalize_class_name(folder.name)
    except ValueError as error:
        name = printable(str(folder))
        raise UsageError(
            f"the name of the folder {name} cannot be a class name: {error}"
        ) from error
    found = [
        (path, relative_name(path, source), problem) for path, problem in walk_files(folder, source)
    ]
    if not found:
        left_out.append(LeftOut(relative_name(folder, source), "an empty folder"))
    left_out.extend(LeftOut(name, problem) for _, name, problem in found if problem)
    return [LabelledImage(name, label, str(path)) for path, name, problem in found if not problem]


def _find_in_table(source: Path) -> list[LabelledImage]:
    # Absolute, so that the names do not depend on how the CSV is named.
    folder = Path(os.path.abspath(source.parent))
    return [
        LabelledImage(relative_name(folder / path, folder), label, str(folder / path))
        for path, label in read_table(source)
    ]
