"""Finds labelled image files: in a folder per class, or in a CSV of paths and labels."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.classes import normalize_class_name
from data.common.errors import UsageError
from data.common.formatting import format_list, printable
from data.images.file_names import looks_like_image
from data.importing.file_tree import LeftOut, is_folder, list_visible, relative_name, walk_files
from data.importing.table import TABLE_SUFFIXES, read_table

_ALLOWED = (
    "a folder with one folder per class, such as photos/roses/a.jpg, or a CSV file "
    f"({', '.join(TABLE_SUFFIXES)}) with the columns path and label"
)


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
      UsageError: `source` is neither or cannot be read, a class has an invalid name, or there are
        no images or fewer than two classes.
    """
    name = printable(str(source))
    try:
        found = _find(source, merge_splits)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    classes = {file.label for file in found.files}
    if len(classes) < 2:
        raise UsageError(
            f"{name} has {len(found.files)} files of {len(classes)} classes; at least two classes "
            f"are required. SOURCE must be {_ALLOWED}{_describe(found.left_out)}"
        )
    return found


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
        raise UsageError(f"{printable(str(source))}{missing} must be {_ALLOWED}")
    return FoundImages(_remove_duplicates(files, left_out), sorted(left_out))


def _describe(left_out: list[LeftOut]) -> str:
    listed = format_list([f"{item.path}: {item.reason}" for item in left_out])
    return f". Left out: {listed}" if listed else ""


def _remove_duplicates(
    files: Iterable[LabelledImage], left_out: list[LeftOut]
) -> list[LabelledImage]:
    unique: dict[tuple[str, str], LabelledImage] = {}
    for file in sorted(files):
        if (file.source, file.label) in unique:
            left_out.append(LeftOut(file.source, "the same path and class as another file"))
        else:
            unique[file.source, file.label] = file
    return list(unique.values())


def _find_in_folders(
    source: Path, merge_splits: bool | None, left_out: list[LeftOut]
) -> list[LabelledImage]:
    folders = _folders(source, source, left_out)
    if merge_splits is None and _are_splits(folders):
        raise UsageError(_explain_splits(source, folders))
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
    others = [path for path in entries if not is_folder(path)]
    left_out.extend(
        LeftOut(relative_name(path, source), "not in the folder of a class") for path in others
    )
    return [path for path in entries if path not in others]


def _are_splits(folders: list[Path]) -> bool:
    """Returns whether folders have the same two or more folders and no images beside them."""
    contents = []
    for folder in folders:
        try:
            entries = list_visible(folder)
        except OSError:
            return False
        inner = [path.name for path in entries if is_folder(path)]
        if any(looks_like_image(path) for path in entries if path.name not in inner):
            return False
        contents.append(inner)
    return len(contents) > 1 and len(contents[0]) > 1 and all(c == contents[0] for c in contents)


def _explain_splits(source: Path, folders: list[Path]) -> str:
    inner = [path for path in list_visible(folders[0]) if is_folder(path)]
    splits = format_list([printable(path.name) for path in folders])
    classes = format_list([printable(path.name) for path in inner])
    return (
        f"{printable(str(source))} has the folders {splits}, each with the folders {classes}. If "
        f"the classes are {classes}, add --merge-splits: it imports the images of all splits, and "
        f"the pipeline makes its own splits. If the classes are {splits}, add --no-merge-splits"
    )


def _find_in_class(folder: Path, source: Path, left_out: list[LeftOut]) -> list[LabelledImage]:
    try:
        label = normalize_class_name(folder.name)
    except ValueError as error:
        name = printable(str(folder))
        raise UsageError(f"the name of the folder {name} names no class: {error}") from error
    found = walk_files(folder, source)
    if not found.files and not found.left_out:
        left_out.append(LeftOut(relative_name(folder, source), "an empty folder"))
    left_out.extend(found.left_out)
    return [LabelledImage(relative_name(p, source), label, str(p)) for p in found.files]


def _find_in_table(source: Path) -> list[LabelledImage]:
    files = []
    for path, label in read_table(source):
        file = source.parent / path
        files.append(LabelledImage(relative_name(file, source.parent), label, str(file)))
    return files
