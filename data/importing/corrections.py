"""Corrections of labels: a CSV that says which images an import relabels or leaves out."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from data.classes import normalize_class_name
from data.common.errors import UsageError
from data.common.formatting import format_list, nearest_word, printable
from data.importing.file_tree import LeftOut
from data.importing.image_files import FoundImages, LabelledImage, remove_duplicates
from data.importing.rows import Row, read_rows

RELABEL, LEAVE_OUT, KEEP = "relabel", "leave out", "keep"
# The columns that count, in the order in which a report writes them; `action` and `correction` are
# for people to fill in.
SOURCE, LABEL, ACTION, CORRECTION = "source", "label", "action", "correction"
# The columns of a report's CSV that help people to decide.
INFORMATION = ("suggested", "score", "suggested_probability", "split", "id")
LEFT_OUT_REASON = "the corrections say so"

_REQUIRED = (SOURCE, ACTION)
_OPTIONAL = (LABEL, *INFORMATION, CORRECTION)


class Correction(BaseModel, frozen=True):
    """What is corrected about one image.

    Attributes:
      source: See `LabelledImage.source`.
      label: Its class in the source.
      action: Whether it is relabelled or left out.
      correction: Its class in the records; empty if it is left out.
    """

    source: str
    label: str
    action: Literal["relabel", "leave out"]
    correction: str = ""


# The class that each image gets; None if it is left out.
_Labels = dict[LabelledImage, str | None]


def apply_corrections(
    found: FoundImages, files: Sequence[Path], known: Sequence[str]
) -> tuple[FoundImages, tuple[Correction, ...]]:
    """Returns the images of a source after corrections, and the corrections that changed something.

    Args:
      found: The images of the source.
      files: CSV files with the columns `source`, as in `LabelledImage` or absolute, and `action`:
        `relabel`, with the class in `correction`; `leave out`; `keep` or nothing. `label`, if it is
        there, is the class of the image before. Further columns are `INFORMATION`. Each file
        corrects what the files before it leave.
      known: The names of classes that have ids already.

    Raises:
      UsageError: A file cannot be read or has other columns or actions, an image is not among those
        found or has another class, or a class is neither known nor one of the source. The message
        names the line.
    """
    labels: _Labels = {file: file.label for file in found.files}
    classes = sorted({*known, *(file.label for file in found.files)})
    for file in files:
        labels.update(_read_changes(file, labels, classes))
    left_out = [*found.left_out]
    kept = []
    for image, label in labels.items():
        if label is None:
            left_out.append(LeftOut(image.source, LEFT_OUT_REASON))
        else:
            kept.append(LabelledImage(image.source, label, image.path))
    unique = remove_duplicates(kept, left_out)
    return FoundImages(unique, sorted(left_out)), tuple(_list_corrections(labels))


def _list_corrections(labels: _Labels) -> Iterator[Correction]:
    for image, label in sorted(labels.items(), key=lambda item: item[0]):
        if label is None:
            yield Correction(source=image.source, label=image.label, action="leave out")
        elif label != image.label:
            yield Correction(
                source=image.source, label=image.label, action="relabel", correction=label
            )


def _read_changes(file: Path, labels: _Labels, classes: Sequence[str]) -> _Labels:
    """Returns the new labels of the images that a file names, `keep` included."""
    try:
        rows = read_rows(file, _REQUIRED, _OPTIONAL)
    except OSError as error:
        raise UsageError(
            f"--corrections: {printable(str(file))} cannot be read: {error.strerror}"
        ) from error
    images = _index(labels)
    changes: _Labels = {}
    lines: dict[LabelledImage, str] = {}
    for row in rows:
        action = _read_action(row)
        image = _find_image(row, images, labels, action) if action else None
        if not image:
            continue
        label = _read_label(row, action, labels[image], classes)
        if image in changes and changes[image] != label:
            raise UsageError(
                f"{row.line}: {image.source} is in {lines[image]} as well, with another action or "
                "correction; remove one of the two"
            )
        changes[image], lines[image] = label, row.line.rpartition(", ")[2]
    return changes


def _index(labels: _Labels) -> dict[str, list[LabelledImage]]:
    """Returns the images that are not left out by source, and by absolute path."""
    images: dict[str, list[LabelledImage]] = defaultdict(list)
    for image, label in labels.items():
        if label is not None:
            for name in {image.source, printable(os.path.abspath(image.path))}:
                # As `read_rows` returns it.
                images[name.strip()].append(image)
    return images


def _read_action(row: Row) -> str:
    """Returns the action of a row; empty if it has none."""
    action, correction = row.values[ACTION].lower(), row.values.get(CORRECTION, "")
    if action not in ("", KEEP, RELABEL, LEAVE_OUT):
        raise UsageError(
            f"{row.line}: the action must be {RELABEL}, {LEAVE_OUT}, {KEEP} or empty, "
            f"got {printable(row.values[ACTION])}"
        )
    if action == RELABEL and not correction:
        raise UsageError(f"{row.line}: {RELABEL} requires a class in the column {CORRECTION}")
    if action != RELABEL and correction:
        raise UsageError(
            f"{row.line}: the column {CORRECTION} names {printable(correction)}, but the action is "
            f"{action or 'empty'}; write {RELABEL}, or remove the class"
        )
    return action


def _find_image(
    row: Row, images: dict[str, list[LabelledImage]], labels: _Labels, action: str
) -> LabelledImage | None:
    """Returns the image that a row is about; None if a row without effect names no single one."""
    source, label = row.values[SOURCE].removeprefix("./"), row.values.get(LABEL, "")
    found = images.get(source, [])
    matching = [image for image in found if label in ("", labels[image])]
    if len(matching) == 1:
        return matching[0]
    if action == KEEP:
        return None
    if matching:
        problem = f"has {printable(source)} as {_classes_of(matching, labels)}; name its class in "
        raise UsageError(f"{row.line}: SOURCE {problem}the column {LABEL}")
    if found:
        raise UsageError(
            f"{row.line}: the class of {printable(source)} is {printable(label)} in the column "
            f"{LABEL}, and {_classes_of(found, labels)} in SOURCE after earlier corrections; "
            "correct the column, or remove the line"
        )
    raise UsageError(
        f"{row.line}: SOURCE has no image {printable(source) or 'without a name'}; the column "
        f"{SOURCE} must have its path relative to SOURCE, as {_example(labels)}"
    )


def _classes_of(images: Sequence[LabelledImage], labels: _Labels) -> str:
    return format_list(sorted(str(labels[image]) for image in images))


def _example(labels: _Labels) -> str:
    return next((image.source for image in labels), "roses/a.jpg")


def _read_label(row: Row, action: str, label: str | None, classes: Sequence[str]) -> str | None:
    """Returns the class that a row gives to an image of class `label`; None to leave it out."""
    if action == KEEP:
        return label
    if action == LEAVE_OUT:
        return None
    try:
        new = normalize_class_name(row.values[CORRECTION])
    except ValueError as error:
        raise UsageError(f"{row.line}: {error}") from error
    if new not in classes:
        close = nearest_word(new, classes)
        meant = f" (did you mean {close}?)" if close else ""
        raise UsageError(
            f"{row.line}: {printable(new)}{meant} is not a class of SOURCE or of earlier records, "
            f"which are {format_list(classes)}; a new class needs an image in SOURCE first"
        )
    return new
