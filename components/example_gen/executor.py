"""What ExampleGen runs: splits by image content, and a quarantine beside them."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow as tf
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils
from tfx.utils import proto_utils

from components.artifacts import read_bytes, write_text
from components.example_gen.near import near_pairs
from components.example_gen.sorting import (
    OUTCOME,
    DigestImage,
    Outcome,
    ReadShard,
    SortRecord,
    several_labels,
)
from data.counts import COUNTS_FILE, QUARANTINE, BadRecord, Counts
from data.errors import DataRefused

# How many bad records the counts name; the quarantine holds them all.
FIRST_BAD = 10
# The value of `data.broken_file` that ends the run; the other one keeps what lies before the break.
REFUSE = "refuse"


class Executor(BaseExampleGenExecutor):
    """Reads TFRecord files, decodes every image, writes splits, quarantine and counts."""

    _quarantine_uri = ""

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Demanded by the base class; `GenerateExamplesByBeam` below reads in its place."""
        raise NotImplementedError

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See the base class.

        Raises:
          DataRefused: a file is broken; file and byte are named.
        """
        quarantine = artifact_utils.get_single_instance(output_dict[QUARANTINE])
        quarantine.split_names = artifact_utils.encode_split_names([QUARANTINE])
        self._quarantine_uri = quarantine.uri
        super().Do(input_dict, output_dict, exec_properties)
        counts = read_counts(quarantine.uri)
        if counts.broken_files and exec_properties["broken_file"] == REFUSE:
            advice = "data.broken_file=keep_before would keep what lies before that"
            raise DataRefused("\n".join(["broken record files:", *counts.broken_files, advice]))

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.PCollection]:
        """Returns the records of each split, serialized; see the base class."""
        weights = _split_weights(exec_properties)
        shards = pipeline | "Shards" >> beam.Create(_input_files(exec_properties))
        read = shards | "Read" >> beam.ParDo(ReadShard()).with_outputs(OUTCOME, main="records")
        sort = SortRecord(
            weights,
            exec_properties["split_salt"],
            json.loads(exec_properties["class_names"]),
            exec_properties["max_pixels"],
        )
        doubted = beam.pvalue.AsDict(_doubted(shards))
        tags = [*weights, QUARANTINE, OUTCOME]
        outputs = read["records"] | "Sort" >> beam.ParDo(sort, doubted).with_outputs(*tags)
        self._write_quarantine(outputs[QUARANTINE])
        outcomes = (read[OUTCOME], outputs[OUTCOME]) | beam.Flatten()
        self._write_counts(outcomes, list(weights))
        return {split: outputs[split] for split in weights}

    def _write_quarantine(self, bad: beam.PCollection) -> None:
        prefix = os.path.join(self._quarantine_uri, f"Split-{QUARANTINE}", "data_tfrecord")
        _ = bad | "WriteBad" >> beam.io.WriteToTFRecord(prefix, file_name_suffix=".gz")

    def _write_counts(self, outcomes: beam.PCollection, splits: list[str]) -> None:
        uri = self._quarantine_uri
        _ = (
            outcomes
            | "Outcomes" >> beam.combiners.ToList()
            | "WriteCounts"
            >> beam.Map(lambda every: _write_counts(count_outcomes(every, splits), uri))
        )


def _doubted(shards: beam.PCollection) -> beam.PCollection:
    """Returns (digest, labels in words) of the images that come under several labels.

    All files are read a second time for that: cheaper than to keep all records until it is known.
    """
    look = shards | "Look" >> beam.ParDo(ReadShard()).with_outputs(OUTCOME, main="records")
    return (
        look["records"]
        | "Digest" >> beam.ParDo(DigestImage())
        | "ByImage" >> beam.GroupByKey()
        | "SeveralLabels" >> beam.FlatMap(several_labels)
    )


def count_outcomes(outcomes: Iterable[Outcome], splits: Sequence[str]) -> Counts:
    """Returns the counts of what became of each record; splits without records are there too."""
    ordered = sorted(outcomes)
    classes = {split: Counter(o.label for o in ordered if o.split == split) for split in splits}
    bad = [o for o in ordered if not o.split and not o.file_broken]
    return Counts(
        splits={split: dict(sorted(counter.items())) for split, counter in classes.items()},
        quarantined=dict(Counter(o.reason for o in bad).most_common()),
        first_bad=[
            BadRecord(shard=o.shard, index=o.index, reason=o.reason) for o in bad[:FIRST_BAD]
        ],
        near_duplicates=_near_duplicates([o for o in ordered if o.split]),
        broken_files=[
            f"{o.shard}: after record {o.index}: {o.reason}" for o in ordered if o.file_broken
        ],
    )


def _near_duplicates(outcomes: Sequence[Outcome]) -> int:
    """Returns how many pairs of near-duplicates lie in two different splits.

    Images with one hash lie in one split, so that each hash is looked at once.
    """
    splits = {outcome.image_hash: outcome.split for outcome in outcomes}
    hashes = list(splits)
    pairs = near_pairs(np.array(hashes, np.uint64))
    return sum(splits[hashes[a]] != splits[hashes[b]] for a, b in pairs)


def read_counts(quarantine_uri: str) -> Counts:
    """Returns the counts that lie in ExampleGen's quarantine artifact."""
    return Counts.model_validate_json(read_bytes(quarantine_uri, COUNTS_FILE))


def _write_counts(counts: Counts, quarantine_uri: str) -> None:
    write_text(counts.model_dump_json(indent=2), quarantine_uri, COUNTS_FILE)


def _input_files(exec_properties: dict[str, Any]) -> list[str]:
    config = proto_utils.json_to_proto(exec_properties["input_config"], example_gen_pb2.Input())
    pattern = os.path.join(exec_properties["input_base"], config.splits[0].pattern)
    return sorted(tf.io.gfile.glob(pattern))


def _split_weights(exec_properties: dict[str, Any]) -> dict[str, int]:
    config = proto_utils.json_to_proto(exec_properties["output_config"], example_gen_pb2.Output())
    return {split.name: split.hash_buckets for split in config.split_config.splits}
