"""`flowers data import`: writes labelled images to TFRecord shards, see `data.records`."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions

from data.classes import read_labels, write_labels
from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.progress import progress
from data.image_files import LabelledImage, UnreadableImage, find_images, read_as_jpeg
from data.records import encode_example, shard_name
from data.sources import IMPORT_FILE

_PREFIX = "images"
# Folder with the state of an unfinished import.
_STATE_FOLDER = ".import"
_PLAN_FILE = "plan.json"


@dataclass(frozen=True)
class ImportResult:
    """The folder of the shards, the class names in the order of their ids, and what was written.

    Attributes:
      written: Number of records.
      unreadable: Path and reason of each file that is not a readable image.
    """

    folder: Path
    classes: list[str]
    written: int
    unreadable: list[tuple[str, str]]


@dataclass(frozen=True)
class Shard:
    """The images that are written to one file."""

    index: int
    files: tuple[LabelledImage, ...]


def import_images(
    source: Path,
    base: Path,
    *,
    span: int | None = None,
    size: int | None = None,
    seed: int = 0,
    per_shard: int = 500,
    workers: int = 1,
) -> ImportResult:
    """Writes labelled images to shuffled TFRecord files; resumes an interrupted import.

    Args:
      source: See `data.image_files.find_images`.
      base: Folder of the shards, or of the spans.
      span: Number N of the span: the shards are written to the folder `span-N`, and classes keep
        their ids from other spans.
      size: See `data.image_files.read_as_jpeg`.
      seed: Seed of the order.
      per_shard: Number of images per file.
      workers: Number of threads.

    Raises:
      UsageError: The source is invalid, or the folder contains other records.
    """
    out = base if span is None else base / f"span-{span}"
    files = find_images(source)
    classes = _assign_ids(out, base if span is not None else None, files)
    random.Random(seed).shuffle(files)
    content = json.dumps([size, seed, per_shard, classes, [(f.path, f.label) for f in files]])
    plan = hashlib.sha256(content.encode()).hexdigest()
    finished = _read_result(out, plan)
    if finished:
        progress.info("%s already contains all of these images", out)
        return finished
    state = _start(out, plan)
    shards = [
        Shard(index, tuple(files[start : start + per_shard]))
        for index, start in enumerate(range(0, len(files), per_shard))
    ]
    _write_shards(shards, WriteShard(str(out), str(state), classes, size), state, workers)
    return _finish(out, state, plan, classes, len(shards))


def _write_shards(shards: Sequence[Shard], write: "WriteShard", state: Path, workers: int) -> None:
    remaining = [shard for shard in shards if not _shard_report(state, shard.index).exists()]
    done = len(shards) - len(remaining)
    if done:
        progress.info("resuming: %d of %d files are complete", done, len(shards))
    progress.debug("images", extra={"total": sum(len(shard.files) for shard in remaining)})
    options = PipelineOptions(
        flags=[],  # By default it would read the command line.
        runner="apache_beam.runners.portability.fn_api_runner.FnApiRunner",
        direct_running_mode="multi_threading", direct_num_workers=workers,
    )  # fmt: skip
    with beam.Pipeline(options=options) as pipeline:
        _ = pipeline | beam.Create(remaining) | beam.Reshuffle() | beam.ParDo(write)


class WriteShard(beam.DoFn):
    """Writes a shard under a hidden name, renames it once it is complete, and writes its report."""

    def __init__(self, out: str, state: str, classes: Sequence[str], size: int | None):
        self._out, self._state, self._size = out, state, size
        self._ids = {name: index for index, name in enumerate(classes)}

    def process(self, shard: Shard) -> None:
        out, state = Path(self._out), Path(self._state)
        unfinished = state / f"{shard.index}.tfrec"
        unreadable, written = [], 0
        with tf.io.TFRecordWriter(str(unfinished)) as writer:
            for file in shard.files:
                progress.debug("%s", file.path, extra={"advance": 1})
                try:
                    content, size = read_as_jpeg(file.path, self._size)
                except UnreadableImage as error:
                    unreadable.append((file.path, str(error)))
                    continue
                names = list(self._ids)
                writer.write(encode_example(content, self._ids[file.label], names, size))
                written += 1
        if written:
            os.replace(unfinished, out / shard_name(_PREFIX, shard.index, written))
        report = json.dumps({"written": written, "unreadable": unreadable})
        # After the shard: if it is killed in between, the shard is written again to the same name.
        write_whole(_shard_report(state, shard.index), report)


def _assign_ids(out: Path, spans: Path | None, files: Sequence[LabelledImage]) -> list[str]:
    """Returns the class names; those in `labels.txt`, here or in another span, keep their ids."""
    known = read_labels([str(out)])
    if not known and spans:
        known = read_labels(map(str, spans.glob("span-*")))
    return known + sorted({file.label for file in files} - set(known))


def _read_result(out: Path, plan: str) -> ImportResult | None:
    """Returns the result of an earlier import with the same plan, or None."""
    try:
        summary = json.loads((out / IMPORT_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if summary.pop("plan") != plan:
        raise UsageError(f"{out} contains the records of another import; choose another --out")
    unreadable = [(path, reason) for path, reason in summary.pop("unreadable")]
    return ImportResult(out, unreadable=unreadable, **summary)


def _start(out: Path, plan: str) -> Path:
    """Writes the plan, which an unfinished import must share, and returns the state folder."""
    state = out / _STATE_FOLDER
    plan_file = state / _PLAN_FILE
    if plan_file.exists() and plan_file.read_text(encoding="utf-8") != plan:
        raise UsageError(
            f"{out} contains an unfinished import of other images or with other options; finish "
            f"it, or remove {state} and the shards, or choose another --out"
        )
    if not plan_file.exists() and any(out.glob("*.tfrec")):
        raise UsageError(f"{out} already contains records; choose another --out")
    state.mkdir(parents=True, exist_ok=True)
    write_whole(plan_file, plan)
    return state


def _finish(out: Path, state: Path, plan: str, classes: list[str], shards: int) -> ImportResult:
    """Writes `labels.txt` and the summary, and removes the state folder."""
    reports = [
        json.loads(_shard_report(state, index).read_text(encoding="utf-8"))
        for index in range(shards)
    ]
    written = sum(report["written"] for report in reports)
    unreadable = [(path, reason) for report in reports for path, reason in report["unreadable"]]
    write_labels(out, classes)
    summary = {"plan": plan, "classes": classes, "written": written, "unreadable": unreadable}
    write_whole(out / IMPORT_FILE, json.dumps(summary, indent=2))
    shutil.rmtree(state)
    return ImportResult(out, classes, written, unreadable)


def _shard_report(state: Path, index: int) -> Path:
    return state / f"{index}.json"
