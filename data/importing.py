"""`flowers data import`: labelled images to sharded TFRecords, in the layout of `data.records`."""

import hashlib
import json
import logging
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions

from data.classes import read_labels, write_labels
from data.common.errors import UsageError
from data.common.files import write_whole
from data.labelled import LabelledFile, Unreadable, find_images, read_rgb
from data.records import encode_example, shard_name
from data.sources import IMPORT_FILE

_PREFIX = "images"
# Where an import that is not finished keeps what it has done.
_STATE = ".import"
_PLAN = "plan.json"
progress = logging.getLogger("flowers.progress")


@dataclass(frozen=True)
class Imported:
    """What an import came to.

    Attributes:
      folder: where the shards are.
      classes: in the order of their ids.
      written: number of records.
      unreadable: (path, reason) of each file that holds no image.
    """

    folder: Path
    classes: list[str]
    written: int
    unreadable: list[tuple[str, str]]


@dataclass(frozen=True)
class Shard:
    """A part of the images, which becomes one file."""

    index: int
    files: tuple[LabelledFile, ...]


def import_images(
    source: Path,
    base: Path,
    *,
    span: int | None = None,
    size: int | None = None,
    seed: int = 0,
    per_shard: int = 500,
    workers: int = 1,
) -> Imported:
    """Writes labelled images as TFRecord files, shuffled; what an interrupted import wrote stays.

    Args:
      source: see `data.labelled.find_images`.
      base: folder of the shards, or of the spans.
      span: they go to the folder `span-N`; classes keep the ids that they have in other spans.
      size: of the shorter side in pixels; None for images as they are.
      seed: of the order.
      per_shard: images in a file.
      workers: threads.

    Raises:
      UsageError: the source is none, or `out` holds something else.
    """
    out = base if span is None else base / f"span-{span}"
    files = find_images(source)
    classes = _classes(out, base if span is not None else None, files)
    random.Random(seed).shuffle(files)
    plan = _digest([size, seed, per_shard, classes, [(f.path, f.label) for f in files]])
    finished = _finished(out, plan)
    if finished:
        progress.info("%s holds all of it already", out)
        return finished
    state = _begin(out, plan)
    shards = [
        Shard(index, tuple(files[start : start + per_shard]))
        for index, start in enumerate(range(0, len(files), per_shard))
    ]
    _write_shards(shards, WriteShard(str(out), str(state), classes, size), state, workers)
    return _end(out, state, plan, classes, len(shards))


def _write_shards(shards: Sequence[Shard], write: "WriteShard", state: Path, workers: int) -> None:
    left = [shard for shard in shards if not _note_of(state, shard.index).exists()]
    if len(left) < len(shards):
        progress.info("going on: %d of %d files are whole", len(shards) - len(left), len(shards))
    progress.debug("images", extra={"total": sum(len(shard.files) for shard in left)})
    options = PipelineOptions(
        flags=[],  # Or it would read the command line.
        runner="apache_beam.runners.portability.fn_api_runner.FnApiRunner",
        direct_running_mode="multi_threading", direct_num_workers=workers,
    )  # fmt: skip
    with beam.Pipeline(options=options) as pipeline:
        _ = pipeline | beam.Create(left) | beam.Reshuffle() | beam.ParDo(write)


class WriteShard(beam.DoFn):
    """Writes one shard under a hidden name, gives it its own once it is whole, and notes it."""

    def __init__(self, out: str, state: str, classes: Sequence[str], size: int | None):
        self._out, self._state, self._size = out, state, size
        self._ids = {name: index for index, name in enumerate(classes)}

    def process(self, shard: Shard) -> Iterator[None]:
        out, state = Path(self._out), Path(self._state)
        unfinished = state / f"{shard.index}.tfrec"
        unreadable, written = [], 0
        with tf.io.TFRecordWriter(str(unfinished)) as writer:
            for file in shard.files:
                progress.debug("%s", file.path, extra={"advance": 1})
                try:
                    content, size = read_rgb(file.path, self._size)
                except Unreadable as error:
                    unreadable.append((file.path, str(error)))
                    continue
                names = list(self._ids)
                writer.write(encode_example(content, self._ids[file.label], names, size))
                written += 1
        if written:
            os.replace(unfinished, out / shard_name(_PREFIX, shard.index, written))
        note = json.dumps({"written": written, "unreadable": unreadable})
        # After the shard: killed in between, it is written again, to the same name.
        write_whole(_note_of(state, shard.index), note)
        return iter(())


def _classes(out: Path, spans: Path | None, files: Sequence[LabelledFile]) -> list[str]:
    """Returns the classes: first those that `labels.txt`, here or in another span, names."""
    known = read_labels([str(out)])
    if not known and spans:
        known = read_labels(map(str, spans.glob("span-*")))
    return known + sorted({file.label for file in files} - set(known))


def _digest(plan: object) -> str:
    return hashlib.sha256(json.dumps(plan).encode()).hexdigest()


def _finished(out: Path, plan: str) -> Imported | None:
    """Returns what an earlier import of the same came to; None if there was none."""
    try:
        summary = json.loads((out / IMPORT_FILE).read_text())
    except FileNotFoundError:
        return None
    if summary.pop("plan") != plan:
        raise UsageError(f"{out} holds the records of another import; name another --out")
    unreadable = [(path, reason) for path, reason in summary.pop("unreadable")]
    return Imported(out, unreadable=unreadable, **summary)


def _begin(out: Path, plan: str) -> Path:
    """Notes what is imported, goes on only with the same, and returns the folder for the state."""
    state = out / _STATE
    noted = state / _PLAN
    if noted.exists() and noted.read_text() != plan:
        raise UsageError(
            f"{out} holds an unfinished import of other images or with other options; finish that, "
            f"or remove {state} and the shards, or name another --out"
        )
    if not noted.exists() and any(out.glob("*.tfrec")):
        raise UsageError(f"{out} holds records already; name another --out")
    state.mkdir(parents=True, exist_ok=True)
    write_whole(noted, plan)
    return state


def _end(out: Path, state: Path, plan: str, classes: list[str], shards: int) -> Imported:
    """Writes `labels.txt` and the summary, and removes the state."""
    notes = [json.loads(_note_of(state, index).read_text()) for index in range(shards)]
    written = sum(note["written"] for note in notes)
    unreadable = [(path, reason) for note in notes for path, reason in note["unreadable"]]
    write_labels(out, classes)
    summary = {"plan": plan, "classes": classes, "written": written, "unreadable": unreadable}
    write_whole(out / IMPORT_FILE, json.dumps(summary, indent=2))
    shutil.rmtree(state)
    return Imported(out, classes, written, unreadable)


def _note_of(state: Path, index: int) -> Path:
    return state / f"{index}.json"
