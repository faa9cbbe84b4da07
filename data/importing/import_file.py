"""`import.json`, the record of what an import wrote next to it, and how it may go on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.formatting import format_list
from data.images.reading import Colour, parse_colour
from data.importing.corrections import Correction
from data.importing.file_tree import LeftOut
from data.sources import IMPORT_FILE


class ImportOptions(BaseModel, frozen=True):
    """The options of an import that determine its records.

    Attributes:
      size: See `data.images.conversion.read_as_jpeg`.
      background: The colour on which transparent images are shown, as `#rrggbb`.
      merge_splits: Whether the classes are the folders in the folders of splits.
      seed: Seed of the order.
      per_shard: Number of images per file.
      corrections: What is corrected about the images.
    """

    size: int | None = None
    background: str = "#ffffff"
    merge_splits: bool = False
    seed: int = 0
    per_shard: int = 500
    corrections: tuple[Correction, ...] = ()

    @property
    def colour(self) -> Colour:
        """The background; raises UsageError if it is not a colour."""
        return parse_colour(self.background)


class ImportOrigin(BaseModel, frozen=True):
    """What was imported, with which a report can name the command that repeats the import.

    Attributes:
      source: The absolute path of the folder or CSV file; empty if an earlier version of this
        program, which did not note it, wrote the records.
      merge_splits: The value of --merge-splits; None if it was not given.
      span: The number of the span, or None.
      corrections: The absolute paths of the files of corrections.
    """

    source: str = ""
    merge_splits: bool | None = None
    span: int | None = None
    corrections: tuple[str, ...] = ()


class ImportFile(BaseModel):
    """The content of `import.json`.

    Attributes:
      format: The version of this layout.
      options: The options, which an addition must share.
      classes: The class names in the order of their ids.
      shards: The names of the record files.
      next_shard: The number of the next record file.
      files: The imported files by class, as `LabelledImage.source`.
      left_out: The paths of what is not imported, by reason.
      origin: What was imported, by the newest import.
    """

    format: Literal[2] = 2
    options: ImportOptions
    classes: list[str]
    shards: list[str] = []
    next_shard: int = 0
    files: dict[str, list[str]] = {}
    left_out: dict[str, list[str]] = {}
    origin: ImportOrigin = ImportOrigin()

    @property
    def written(self) -> int:
        """Number of records."""
        return sum(map(len, self.files.values()))

    def keys(self) -> set[tuple[str, str]]:
        """Returns path and class of each imported file."""
        return {(path, label) for label, paths in self.files.items() for path in paths}

    def write(self, folder: Path) -> None:
        """Writes the file to the folder of the records."""
        write_whole(folder / IMPORT_FILE, self.model_dump_json(indent=2))


def read_import(folder: Path) -> ImportFile | None:
    """Returns what an earlier import into a folder wrote, or None if there was none.

    Raises:
      UsageError: The file is invalid, of another version, or does not match the records.
    """
    file = folder / IMPORT_FILE
    try:
        found = ImportFile.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UsageError(
            f"{file} was changed, or written by another version of this program, which did not "
            "list the imported files, so nothing can be added; choose another --out"
        ) from error
    lost = [name for name in found.shards if not (folder / name).exists()]
    if lost:
        raise UsageError(
            f"{folder} lacks {format_list(lost)}, which {IMPORT_FILE} lists; restore the files, or "
            "choose another --out"
        )
    return found


def check_options(folder: Path, earlier: ImportOptions, options: ImportOptions) -> None:
    """Raises UsageError if the options of an addition differ from those of the earlier import."""
    then, now = dict(earlier), dict(options)
    changed = [_describe(name, then[name], now[name]) for name in then if then[name] != now[name]]
    if changed:
        raise UsageError(
            f"{folder} contains the records of an import with other options: {', '.join(changed)}. "
            "Use the same options to add images, or choose another --out"
        )


def check_nothing_missing(
    folder: Path, earlier: ImportFile, found: Iterable[tuple[str, str]]
) -> None:
    """Raises UsageError if files of the earlier import are not among those found now.

    Args:
      folder: The folder of the records.
      earlier: The earlier import.
      found: Path and class of each file.
    """
    missing = sorted(earlier.keys() - set(found))
    if missing:
        listed = format_list([f"{path} ({label})" for path, label in missing])
        raise UsageError(
            f"{len(missing)} of the {earlier.written} images in {folder} are missing in SOURCE or "
            f"have another class now: {listed}. Restore them to add images, or import what is "
            "there now to another --out"
        )


def group_by_reason(left_out: Sequence[LeftOut]) -> dict[str, list[str]]:
    """Returns the paths of what is left out, by reason."""
    paths: Mapping[str, list[str]] = defaultdict(list)
    for item in sorted(left_out):
        paths[item.reason].append(item.path)
    return dict(sorted(paths.items()))


def _describe(name: str, then: Any, now: Any) -> str:
    if name == "corrections":
        return _describe_corrections(then, now)
    return f"--{name.replace('_', '-')} was {_format(then)} and is {_format(now)}"


def _describe_corrections(then: Sequence[Correction], now: Sequence[Correction]) -> str:
    images = format_list(sorted({item.source for item in {*then} ^ {*now}}))
    return (
        f"--corrections changed {len(then)} images and changes {len(now)}; they differ in {images}"
    )


def _format(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "given" if value else "not given"
    return str(value)
