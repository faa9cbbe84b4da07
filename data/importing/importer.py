"""`flowers data import`: writes labelled images to TFRecord shards, see `data.records`."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.classes import write_labels
from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.formatting import format_list, printable
from data.common.progress import progress
from data.importing.corrections import Correction, apply_corrections
from data.importing.file_tree import LeftOut
from data.importing.image_files import FoundImages, find_images
from data.importing.import_file import (
    ImportFile,
    ImportOptions,
    ImportOrigin,
    check_options,
    group_by_reason,
    read_import,
)
from data.importing.plan import ImportPlan, known_classes, make_plan, restore_plan
from data.importing.shards import Layout, ShardReport, write_shards
from data.record_folder import check_new_folder
from data.sources import RECORD_FILES

# Folder with the state of an unfinished import.
_STATE_FOLDER = ".import"


@dataclass(frozen=True)
class ImportResult:
    """What an import wrote.

    Attributes:
      folder: The folder of the shards.
      classes: The class names in the order of their ids.
      written: Number of records, including those of earlier imports into this folder.
      added: Number of records that this import added.
      left_out: What is not imported.
      relabelled: The corrections of the records that have another class than in the source.
    """

    folder: Path
    classes: list[str]
    written: int
    added: int
    left_out: list[LeftOut]
    relabelled: list[Correction]


def import_images(
    source: Path,
    base: Path,
    *,
    span: int | None = None,
    merge_splits: bool | None = None,
    options: ImportOptions | None = None,
    corrections: Sequence[Path] = (),
    workers: int = 1,
) -> ImportResult:
    """Writes labelled images to shuffled TFRecord files; resumes an interrupted import.

    Into a folder that an earlier import with the same options wrote, only new images are written:
    to new shards, after trying again what was left out. Files are compared by path and class. An
    interrupted import is finished first, as if no images had been added to its source.

    Args:
      source: See `data.importing.image_files.find_images`.
      base: Folder of the shards, or of the spans.
      span: Number N of the span: the shards are written to the folder `span-N`, and classes keep
        their ids from other spans.
      merge_splits: See `data.importing.image_files.find_images`.
      options: The options that determine the records, except corrections and splits.
      corrections: Files of corrections, see `data.importing.corrections.apply_corrections`.
      workers: Number of threads.

    Raises:
      UsageError: Source, folder or options are invalid, or the folder contains other records.
    """
    out = base if span is None else base / f"span-{span}"
    spans = base if span is not None else None
    options = options or ImportOptions()
    # A background that is not a colour is an error before anything is read.
    _ = options.colour
    check_new_folder(out, source)
    earlier = read_import(out)
    done = earlier or ImportFile(options=options, classes=[])
    found, changes = apply_corrections(
        find_images(source, merge_splits), corrections, known_classes(out, spans, done)
    )
    if corrections and not changes:
        progress.info("the corrections change nothing: each image keeps its class")
    options = options.model_copy(
        update={"merge_splits": bool(merge_splits), "corrections": changes}
    )
    if earlier:
        check_options(out, earlier.options, options)
    origin = _origin(source, merge_splits, span, corrections)
    done = done.model_copy(update={"options": options, "origin": origin})
    before = done.written
    unfinished = _find_unfinished(out, spans, found, done)
    if unfinished:
        done = _write(out, unfinished, workers)
    plan = make_plan(out, spans, found, done)
    if earlier and not plan.files and not unfinished:
        progress.info("%s already contains all of these images", out)
    return _result(out, _write(out, plan, workers), before)


def _origin(
    source: Path, merge_splits: bool | None, span: int | None, corrections: Sequence[Path]
) -> ImportOrigin:
    return ImportOrigin(
        source=printable(os.path.abspath(source)),
        merge_splits=merge_splits,
        span=span,
        corrections=tuple(printable(os.path.abspath(file)) for file in corrections),
    )


def _result(out: Path, done: ImportFile, before: int) -> ImportResult:
    """Returns the result of an import that found `before` records."""
    left_out = sorted(LeftOut(path, why) for why, paths in done.left_out.items() for path in paths)
    records = done.keys()
    changes = done.options.corrections
    relabelled = [item for item in changes if (item.source, item.correction) in records]
    return ImportResult(
        out, done.classes, done.written, done.written - before, left_out, relabelled
    )


def _find_unfinished(
    out: Path, spans: Path | None, found: FoundImages, earlier: ImportFile
) -> ImportPlan | None:
    """Returns the plan of an interrupted import that can be continued, or None.

    Raises:
      UsageError: The folder contains records that neither it nor the earlier imports wrote.
    """
    file = _plan_file(out)
    saved = file.read_text(encoding="utf-8") if file.exists() else ""
    plan = restore_plan(saved, out, spans, found, earlier)
    others = {path.name for path in out.glob(RECORD_FILES)} - set(earlier.shards)
    if others and not plan:
        raise UsageError(_explain_others(out, sorted(others), bool(saved)))
    return plan


def _plan_file(out: Path) -> Path:
    """Returns the file that contains the plan of an unfinished import."""
    return out / _STATE_FOLDER / "plan.json"


def _write(out: Path, plan: ImportPlan, workers: int) -> ImportFile:
    """Writes the shards of a plan that are missing, and then what describes them."""
    file = _plan_file(out)
    try:
        # The reports of another plan do not count.
        if not file.exists() or file.read_text(encoding="utf-8") != plan.saved:
            shutil.rmtree(file.parent, ignore_errors=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, plan.saved)
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror}") from error
    layout = Layout(str(out), str(file.parent), tuple(plan.classes), plan.earlier.options)
    return _finish(out, plan, write_shards(plan.shards, layout, workers))


def _explain_others(out: Path, others: Sequence[str], unfinished: bool) -> str:
    listed = format_list([printable(name) for name in others])
    if not unfinished:
        return f"{out} already contains records of another origin: {listed}; choose another --out"
    return (
        f"{out} contains an unfinished import of other images, or with other options or class ids; "
        f"finish it, or remove its files ({listed}), or choose another --out"
    )


def _finish(out: Path, plan: ImportPlan, reports: Sequence[ShardReport]) -> ImportFile:
    """Writes `labels.txt` and `import.json`, which is returned, and removes the state folder."""
    left_out = plan.left_out + [item for report in reports for item in report.left_out]
    files: dict[str, list[str]] = {name: [] for name in plan.classes}
    for path, label in sorted(plan.earlier.keys().union(*(r.written for r in reports))):
        files[label].append(path)
    content = ImportFile(
        options=plan.earlier.options,
        classes=plan.classes,
        shards=plan.earlier.shards + [report.name for report in reports if report.name],
        next_shard=plan.earlier.next_shard + len(reports),
        files=files,
        left_out=group_by_reason(left_out),
        origin=plan.earlier.origin,
    )
    write_labels(out, plan.classes)
    content.write(out)
    shutil.rmtree(out / _STATE_FOLDER, ignore_errors=True)
    return content
