"""What an import has to do: which images are new, in which order, and the ids of the classes."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from pydantic import BaseModel, ValidationError

from data.classes import read_labels
from data.common.errors import UsageError
from data.common.formatting import format_list
from data.images.conversion import read_as_jpeg
from data.images.reading import UnreadableImage
from data.importing.file_tree import LeftOut
from data.importing.image_files import ALLOWED_SOURCES, FoundImages, LabelledImage
from data.importing.import_file import ImportFile, ImportOptions, check_nothing_missing
from data.importing.shards import Shard
from data.sources import LABELS_FILE


class SavedPlan(BaseModel):
    """What an unfinished import writes, in a file.

    Attributes:
      options: The options.
      classes: The class names in the order of their ids.
      next_shard: The number of the first record file.
      files: Source and label of the images, see `LabelledImage`, in their order.
    """

    options: ImportOptions
    classes: list[str]
    next_shard: int
    files: list[tuple[str, str]]


@dataclass(frozen=True)
class ImportPlan:
    """What an import has to do.

    Attributes:
      earlier: What earlier imports wrote to the same folder.
      classes: The class names in the order of their ids.
      files: The images to write, in their order.
      left_out: What is left out already.
    """

    earlier: ImportFile
    classes: list[str]
    files: list[LabelledImage]
    left_out: list[LeftOut]

    @property
    def saved(self) -> str:
        """The plan as JSON, see `SavedPlan`."""
        return SavedPlan(
            options=self.earlier.options,
            classes=self.classes,
            next_shard=self.earlier.next_shard,
            files=[(file.source, file.label) for file in self.files],
        ).model_dump_json()

    @property
    def shards(self) -> list[Shard]:
        """The shards to write."""
        number = self.earlier.options.per_shard
        return [
            Shard(self.earlier.next_shard + index, tuple(self.files[start : start + number]))
            for index, start in enumerate(range(0, len(self.files), number))
        ]


def make_plan(out: Path, spans: Path | None, found: FoundImages, earlier: ImportFile) -> ImportPlan:
    """Plans an import.

    Images that earlier imports left out are tried again. The images of a class without records are
    tried until one is readable, so that a folder of other files does not become a class.

    Args:
      out: The folder of the records.
      spans: The folder of all spans; None if there are none.
      found: The images and what else is in the source.
      earlier: What earlier imports wrote to `out`.

    Raises:
      UsageError: Images of the earlier import are missing, `labels.txt` does not fit, no image is
        readable, or there are fewer than two classes.
    """
    check_nothing_missing(out, earlier, ((file.source, file.label) for file in found.files))
    known = known_classes(out, spans, earlier)
    left_out = list(found.left_out)
    new = _new_files(found.files, earlier, left_out)
    _remove_classes_without_images(new, earlier, left_out)
    classes = known + sorted(set(new) - set(known))
    if len(classes) < 2 or not (new or earlier.written):
        raise UsageError(_explain_too_few(classes, left_out))
    files = sorted(file for files in new.values() for file in files)
    random.Random(earlier.options.seed).shuffle(files)
    return ImportPlan(earlier, classes, files, left_out)


def restore_plan(
    saved: str, out: Path, spans: Path | None, found: FoundImages, earlier: ImportFile
) -> ImportPlan | None:
    """Returns the plan of an unfinished import; None if it cannot be continued.

    It can if the options, the earlier records and the ids of the classes are the same, and the
    source still has all of its images. See `make_plan` for the other arguments.

    Args:
      saved: See `ImportPlan.saved`.
    """
    try:
        plan = SavedPlan.model_validate_json(saved)
    except ValidationError:
        return None
    known = known_classes(out, spans, earlier)
    same = (plan.options, plan.next_shard) == (earlier.options, earlier.next_shard)
    files = {(file.source, file.label): file for file in found.files}
    if not same or plan.classes[: len(known)] != known or not files.keys() >= set(plan.files):
        return None
    return ImportPlan(earlier, plan.classes, [files[key] for key in plan.files], found.left_out)


def known_classes(out: Path, spans: Path | None, earlier: ImportFile) -> list[str]:
    """Returns the classes that have ids: those of `labels.txt`, here or in another span.

    See `make_plan` for the arguments.

    Raises:
      UsageError: `labels.txt` does not fit the earlier import.
    """
    known = read_labels([str(out)]) or earlier.classes
    if known[: len(earlier.classes)] != earlier.classes:
        raise UsageError(
            f"{out / LABELS_FILE} no longer has the classes of the records: "
            f"{format_list(earlier.classes)}; restore it"
        )
    return known or (read_labels(map(str, spans.glob("span-*"))) if spans else [])


def _new_files(
    files: Sequence[LabelledImage], earlier: ImportFile, left_out: list[LeftOut]
) -> dict[str, list[LabelledImage]]:
    """Returns the files that are not imported yet, by class, without those that still fail."""
    imported = earlier.keys()
    tried = {path for paths in earlier.left_out.values() for path in paths}
    new: dict[str, list[LabelledImage]] = defaultdict(list)
    for file in files:
        if (file.source, file.label) not in imported:
            problem = _find_problem(file, earlier.options) if file.source in tried else ""
            if problem:
                left_out.append(LeftOut(file.source, problem))
            else:
                new[file.label].append(file)
    return new


def _remove_classes_without_images(
    new: dict[str, list[LabelledImage]], earlier: ImportFile, left_out: list[LeftOut]
) -> None:
    for label in sorted(name for name in new if not earlier.files.get(name)):
        tried = (LeftOut(file.source, _find_problem(file, earlier.options)) for file in new[label])
        problems = list(takewhile(lambda item: item.reason, tried))
        if len(problems) == len(new[label]):
            left_out += problems
            del new[label]


def _explain_too_few(classes: Sequence[str], left_out: Sequence[LeftOut]) -> str:
    problem = "no readable images"
    if len(classes) < 2:
        listed = format_list(classes) or "none"
        problem = f"readable images of too few classes ({listed}); at least two are required"
    listed = format_list([f"{item.path}: {item.reason}" for item in left_out])
    reasons = f". Left out: {listed}" if listed else ""
    return f"SOURCE has {problem}. It must be {ALLOWED_SOURCES}{reasons}"


def _find_problem(file: LabelledImage, options: ImportOptions) -> str:
    """Returns why an image cannot be imported; empty if it can."""
    try:
        read_as_jpeg(file.path, options.size, options.colour)
    except UnreadableImage as error:
        return str(error)
    return ""
