"""Writes labelled images to TFRecord shards; an interrupted writing can be resumed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel

from data.common.files import write_whole
from data.common.progress import progress
from data.images.conversion import read_as_jpeg
from data.images.reading import UnreadableImage
from data.importing.file_tree import LeftOut
from data.importing.image_files import LabelledImage
from data.importing.import_file import ImportOptions
from data.records import encode_example, shard_name

_PREFIX = "images"


@dataclass(frozen=True)
class Shard:
    """The images that are written to one file."""

    index: int
    files: tuple[LabelledImage, ...]


class ShardReport(BaseModel, frozen=True):
    """What was written to a shard.

    Attributes:
      name: Name of its file; empty if none of its images could be read.
      written: Path and class of each record.
      left_out: What could not be read.
    """

    name: str
    written: list[tuple[str, str]]
    left_out: list[LeftOut]


@dataclass(frozen=True)
class Layout:
    """How shards are written.

    Attributes:
      out: Their folder.
      state: The folder of the reports.
      classes: The class names in the order of their ids.
      options: The options of the import.
    """

    out: str
    state: str
    classes: tuple[str, ...]
    options: ImportOptions


def write_shards(shards: Sequence[Shard], layout: Layout, workers: int) -> list[ShardReport]:
    """Writes the shards that have no report yet; returns the reports of all of them."""
    if not shards:
        return []
    remaining = [shard for shard in shards if not _report_file(layout, shard.index).exists()]
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
        _ = pipeline | beam.Create(remaining) | beam.Reshuffle() | beam.ParDo(WriteShard(layout))
    return [_read_report(layout, shard.index) for shard in shards]


class WriteShard(beam.DoFn):
    """Writes a shard under a hidden name, renames it once it is complete, and writes its report."""

    def __init__(self, layout: Layout):
        self._layout = layout

    def process(self, shard: Shard) -> None:
        layout = self._layout
        unfinished = Path(layout.state) / f"{shard.index}.tfrec"
        written, left_out = [], []
        with tf.io.TFRecordWriter(str(unfinished)) as writer:
            for file in shard.files:
                progress.debug("%s", file.source, extra={"advance": 1})
                try:
                    writer.write(_make_record(file, layout))
                    written.append((file.source, file.label))
                except UnreadableImage as error:
                    left_out.append(LeftOut(file.source, str(error)))
        name = shard_name(_PREFIX, shard.index, len(written)) if written else ""
        # A process that was killed before the report may have read more or fewer of the images.
        for earlier in Path(layout.out).glob(f"{_PREFIX}{shard.index:02d}-*.tfrec"):
            earlier.unlink()
        if name:
            os.replace(unfinished, Path(layout.out) / name)
        report = ShardReport(name=name, written=written, left_out=left_out)
        # After the shard: if it is killed in between, the shard is written again.
        write_whole(_report_file(layout, shard.index), report.model_dump_json())


def _make_record(file: LabelledImage, layout: Layout) -> bytes:
    content, size = read_as_jpeg(file.path, layout.options.size, layout.options.colour)
    class_id = layout.classes.index(file.label)
    return encode_example(content, class_id, layout.classes, size, file.source)


def _report_file(layout: Layout, index: int) -> Path:
    return Path(layout.state) / f"{index}.json"


def _read_report(layout: Layout, index: int) -> ShardReport:
    return ShardReport.model_validate_json(_report_file(layout, index).read_bytes())
