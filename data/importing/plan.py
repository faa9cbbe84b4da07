"""What an import has to do: which images are new, in which order, and the ids of the classes."""

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.classes import read_labels
from data.common.errors import UsageError
from data.common.formatting import format_list
from data.images.conversion import read_as_jpeg
from data.images.reading import UnreadableImage
from data.importing.file_tree import LeftOut
from data.importing.image_files import FoundImages, LabelledImage
from data.importing.import_file import ImportFile, ImportOptions, check_nothing_missing
from data.importing.shards import Shard
from data.sources import LABELS_FILE


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
    def digest(self) -> str:
        """A hex SHA-256 that only imports of the same images with the same options share."""
        content = [self.earlier.options.model_dump(), self.classes, self.earlier.next_shard]
        content.append([(file.source, file.label) for file in self.files])
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def shards(self) -> list[Shard]:
        """The shards to write."""
        number = self.earlier.options.per_shard
        return [
            Shard(self.earlier.next_shard + index, tuple(self.files[start : start + number]))
            for index, start in enumerate(range(0, len(self.files), number))
        ]


def make_plan(out: Path, spans: Path | None, found: FoundImages, earlier: ImportFile) -> ImportPlan:
    """Returns what is to be done to import the images of a source.

    Images that earlier imports left out are tried again, and the images of a new class until one is
    readable, so that a folder of other files does not become a class.

    Args:
      out: The folder of the records.
      spans: The folder of all spans; None if there are none.
      found: The images and what else is in the source.
      earlier: What earlier imports wrote to `out`.

    Raises:
      UsageError: Images of the earlier import are missing, `labels.txt` does not fit, or there are
        fewer than two classes.
    """
    check_nothing_missing(out, earlier, ((file.source, file.label) for file in found.files))
    known = _known_classes(out, spans, earlier)
    left_out = list(found.left_out)
    new = _new_files(found.files, earlier, left_out)
    _remove_classes_without_images(new, known, earlier.options, left_out)
    classes = known + sorted(set(new) - set(known))
    if len(classes) < 2:
        raise UsageError(
            f"fewer than two classes have readable images: {format_list(classes) or 'none'}. Left "
            f"out: {format_list([f'{item.path}: {item.reason}' for item in left_out])}"
        )
    files = sorted(file for files in new.values() for file in files)
    random.Random(earlier.options.seed).shuffle(files)
    return ImportPlan(earlier, classes, files, left_out)


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
    new: dict[str, list[LabelledImage]],
    known: Sequence[str],
    options: ImportOptions,
    left_out: list[LeftOut],
) -> None:
    for label in sorted(set(new) - set(known)):
        problems = _find_problems(new[label], options)
        if len(problems) == len(new[label]):
            left_out += problems
            del new[label]


def _find_problems(files: Sequence[LabelledImage], options: ImportOptions) -> list[LeftOut]:
    """Returns why files cannot be imported, up to the first one that can."""
    problems: list[LeftOut] = []
    for file in files:
        problem = _find_problem(file, options)
        if not problem:
            break
        problems.append(LeftOut(file.source, problem))
    return problems


def _find_problem(file: LabelledImage, options: ImportOptions) -> str:
    """Returns why an image cannot be imported; empty if it can."""
    try:
        read_as_jpeg(file.path, options.size, options.colour)
    except UnreadableImage as error:
        return str(error)
    return ""


def _known_classes(out: Path, spans: Path | None, earlier: ImportFile) -> list[str]:
    """Returns the classes that have ids: those of `labels.txt`, here or in another span."""
    known = read_labels([str(out)]) or earlier.classes
    if known[: len(earlier.classes)] != earlier.classes:
        raise UsageError(
            f"{out / LABELS_FILE} no longer has the classes of the records: "
            f"{format_list(earlier.classes)}; restore it"
        )
    return known or (read_labels(map(str, spans.glob("span-*"))) if spans else [])
