"""The Beam functions of ExampleGen: write records to the files of their splits.

A bundle of record files becomes a part: one file for each split and one for the quarantine. It is
written while it is read, in a temporary folder, because the runner may repeat a bundle. When the
outcomes of all parts are known, the files are moved; a part with outcomes that change is written
again.
"""

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.transforms.window import GlobalWindows

from components.example_gen.ordered import in_order
from components.example_gen.partition import Partition, Record, RecordOutcome
from components.example_gen.processes import started
from components.example_gen.revision import revise_outcomes
from data.common.cores import available_cores
from data.ingestion_counts import QUARANTINE
from data.records import ReadError, describe_damage, open_writer, read_records

# Each thread holds a decoded image in memory.
_MOST_THREADS = 8


@dataclass(frozen=True)
class Part:
    """The folder of a part, and the outcomes of its records and files in the order of reading."""

    folder: str
    outcomes: list[RecordOutcome]


@dataclass(frozen=True)
class Plan:
    """The folders of the parts in order, and the outcomes that change, by shard and index."""

    folders: list[str]
    revised: dict[tuple[str, int], RecordOutcome]


class SplitWriter:
    """Writes records to one file for each split and one for the quarantine."""

    def __init__(self, paths: Mapping[str, str]):
        """Creates the files, whose paths are given by split."""
        for path in paths.values():
            tf.io.gfile.makedirs(os.path.dirname(path))
        self._writers = {split: open_writer(path) for split, path in paths.items()}

    def write(self, outcome: RecordOutcome, content: bytes) -> None:
        """Writes the content for a record with an outcome; nothing for the outcome of a file."""
        if outcome.subject == "record":
            self._writers[outcome.split or QUARANTINE].write(content)

    def close(self) -> None:
        """Finishes the files."""
        for writer in self._writers.values():
            writer.close()


class WritePart(beam.DoFn):
    """Takes paths of record files, and yields the Part of each bundle of them."""

    def __init__(self, partition: Partition, folder: str):
        """Takes how records are partitioned, and the temporary folder."""
        self._partition, self._folder = partition, folder

    def start_bundle(self) -> None:
        """Begins a part."""
        self._part: Part | None = None

    def process(self, shard: str) -> Any:
        """Reads, checks and writes the records of a file."""
        if not self._part:
            self._part = Part(os.path.join(self._folder, uuid.uuid4().hex), [])
            self._writer = SplitWriter(_paths(self._part, self._partition))
        processes = started()
        items = read_shard(shard)
        assigned = (
            processes.assign(self._partition, items)
            if processes
            else map_in_threads(self._partition.assign, items)
        )
        for outcome, content in assigned:
            self._writer.write(outcome, content)
            self._part.outcomes.append(outcome)

    def finish_bundle(self) -> Iterator[Any]:
        """Yields the part."""
        if self._part:
            self._writer.close()
            yield GlobalWindows.windowed_value(self._part)


class MovePart(beam.DoFn):
    """Moves the files of a part to their folders, or writes them again; yields the part."""

    def __init__(self, partition: Partition, folders: Mapping[str, str]):
        """Takes how records are partitioned, and the folders of the splits and the quarantine."""
        self._partition, self._folders = partition, folders

    def process(self, part: Part, plan: Plan) -> Iterator[Part]:
        """Processes one part."""
        number, total = plan.folders.index(part.folder), len(plan.folders)
        name = f"data_tfrecord-{number:05d}-of-{total:05d}.gz"
        paths = {split: os.path.join(folder, name) for split, folder in self._folders.items()}
        if any((o.shard, o.index) in plan.revised for o in part.outcomes):
            yield self._write_again(part, plan, paths)
        else:
            for split, path in _paths(part, self._partition).items():
                _move(path, paths[split])
            yield part

    def _write_again(self, part: Part, plan: Plan, paths: Mapping[str, str]) -> Part:
        """Writes a part as the plan says, without decoding its images; returns what it is then."""
        if tf.io.gfile.exists(part.folder):
            # The disk may not have room for both.
            tf.io.gfile.rmtree(part.folder)
        writer, outcomes = SplitWriter(paths), []
        for shard, before in groupby(part.outcomes, lambda outcome: outcome.shard):
            for old, item in zip_longest(before, read_shard(shard)):
                outcome, content = old, b""
                if old and old.subject == "record" and isinstance(item, Record):
                    revised = plan.revised.get((shard, old.index), old)
                    outcome, content = self._partition.reassign(item, revised)
                elif item != old:
                    raise ReadError(f"{shard} was changed while it was read")
                writer.write(outcome, content)
                outcomes.append(outcome)
        writer.close()
        return Part(part.folder, outcomes)


def plan_parts(parts: list[Part], partition: Partition, group_near_duplicates: bool) -> Plan:
    """Returns what to do with the parts, when all of them are known."""
    parts = sorted(parts, key=lambda part: part.outcomes[0].shard)
    outcomes = [outcome for part in parts for outcome in part.outcomes]
    revised = revise_outcomes(outcomes, partition, group_near_duplicates)
    return Plan([part.folder for part in parts], {(o.shard, o.index): o for o in revised})


def read_shard(shard: str) -> Iterator[Record | RecordOutcome]:
    """Yields the records of a TFRecord file, and the file's outcome if it is damaged or empty."""
    index = 0
    try:
        for content in read_records(shard):
            yield Record(shard, index, content)
            index += 1
    except tf.errors.DataLossError as error:
        yield RecordOutcome(shard, index, reason=describe_damage(error), subject="damaged file")
    else:
        if index == 0:
            yield RecordOutcome(shard, 0, subject="empty file")


def map_in_threads(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Yields the results for the items in order; it holds only a few items in memory."""
    threads = min(available_cores(), _MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        yield from in_order((pool.submit(function, item).result for item in items), 2 * threads)


def _paths(part: Part, partition: Partition) -> dict[str, str]:
    """Returns the temporary paths of the files of a part, by split."""
    splits = (*partition.weights, QUARANTINE)
    return {split: os.path.join(part.folder, f"{split}.gz") for split in splits}


def _move(path: str, target: str) -> None:
    # A repeated bundle finds the file moved.
    if tf.io.gfile.exists(path):
        tf.io.gfile.makedirs(os.path.dirname(target))
        tf.io.gfile.rename(path, target, overwrite=True)
