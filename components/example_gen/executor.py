"""The executor of ExampleGen: writes the splits, the quarantine and the counts."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.artifacts import read_counts, write_text
from components.example_gen.checks import RecordRules
from components.example_gen.partition import Partition, RecordOutcome
from components.example_gen.parts import MovePart, Part, WritePart, plan_parts
from components.example_gen.source_properties import note_source
from components.example_gen.span_statistics import write_statistics
from components.example_gen.split_pairs import find_split_pairs, write_pairs
from components.example_gen.splits import find_salt
from components.history_files import history_folder, refuse_data
from components.image_hashes import write_hashes
from data.features import feature_names
from data.ingestion_counts import (
    COUNTS_FILE,
    FIRST_BAD,
    PREVIOUS_SPAN_FILE,
    QUARANTINE,
    SPAN_FILE,
    BadRecord,
    IngestionCounts,
)
from data.sources import is_data_file

# A class with more images is hardly ever missing from a split.
_MAX_RARE = 200
# The value of `data.broken_file` that refuses the data; `keep_before` keeps undamaged records.
REFUSE = "refuse"


class Executor(BaseExampleGenExecutor):
    """Reads TFRecord files, decodes every image, writes splits, quarantine and counts."""

    _examples: Sequence[types.Artifact] = ()
    _quarantine_uri = ""

    def GetInputSourceToExamplePTransform(self) -> beam.PTransform:
        """Required by the base class; not used, because `GenerateExamplesByBeam` is overridden."""
        raise NotImplementedError

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See the base class.

        Raises:
          DataRefused: No files match, or a file is damaged.
        """
        quarantine = artifact_utils.get_single_instance(output_dict[QUARANTINE])
        quarantine.split_names = artifact_utils.encode_split_names([QUARANTINE])
        self._quarantine_uri = quarantine.uri
        self._examples = output_dict[standard_component_specs.EXAMPLES_KEY]
        super().Do(input_dict, output_dict, exec_properties)
        if tf.io.gfile.exists(self._temporary):
            tf.io.gfile.rmtree(self._temporary)
        note_source(artifact_utils.get_single_instance(self._examples), exec_properties)
        counts = read_counts(quarantine.uri)
        if counts.broken_files and exec_properties["broken_file"] == REFUSE:
            advice = "to keep the records before the damage: --set data.broken_file=keep_before"
            self._refuse(["broken record files:", *counts.broken_files, advice])

    def GenerateExamplesByBeam(
        self, pipeline: beam.Pipeline, exec_properties: dict[str, Any]
    ) -> dict[str, beam.PCollection]:
        """Writes the records of each split, and returns none for the base class to write.

        The base class shuffles them, for which Beam's local runner holds a whole split in memory.
        """
        spans = self._input_files(exec_properties)
        partition = _partition(exec_properties)
        grouped = bool(exec_properties["group_near_duplicates"])
        folders = {
            split: artifact_utils.get_split_uri(self._examples, split)
            for split in partition.weights
        }
        folders[QUARANTINE] = os.path.join(self._quarantine_uri, f"Split-{QUARANTINE}")
        parts = (
            pipeline
            | "Files" >> beam.Create(sorted({file for span in spans for file in span}))
            | "Write" >> beam.ParDo(WritePart(partition, self._temporary))
            # Both of what follows has to get the same parts, although each has a random folder.
            | "Keep" >> beam.Reshuffle()
        )
        plan = (
            parts
            | "AllParts" >> beam.combiners.ToList().without_defaults()
            | "Plan" >> beam.Map(plan_parts, partition, grouped)
        )
        _ = (
            parts
            | "Move" >> beam.ParDo(MovePart(partition, folders), beam.pvalue.AsSingleton(plan))
            | "AllMoved" >> beam.combiners.ToList().without_defaults()
            | "WriteCounts"
            >> beam.Map(_write_counts, partition.weights, spans, self._quarantine_uri)
        )
        return {}

    @property
    def _temporary(self) -> str:
        """The folder of files that are not finished."""
        return os.path.join(self._quarantine_uri, "unfinished")

    def _input_files(self, exec_properties: dict[str, Any]) -> list[list[str]]:
        """Returns the record files of each pattern; those of the newest span are last."""
        config = proto_utils.json_to_proto(exec_properties["input_config"], example_gen_pb2.Input())
        further = json.loads(exec_properties["further_patterns"])
        patterns = [
            os.path.join(exec_properties["input_base"], pattern)
            for pattern in (config.splits[0].pattern, *further)
        ]
        files = [list(filter(is_data_file, tf.io.gfile.glob(pattern))) for pattern in patterns]
        if not any(files):
            # A local run has checked this; a compiled job gets its folder on submission.
            self._refuse([f"no record files match {', '.join(patterns)}"])
        return files

    def _refuse(self, reasons: Sequence[str]) -> NoReturn:
        folder = history_folder(self._quarantine_uri, self._context.pipeline_run_id)
        refuse_data(reasons, "ExampleGen", folder)


def count_outcomes(
    outcomes: Iterable[RecordOutcome], weights: Mapping[str, int], near_duplicates: int = 0
) -> IngestionCounts:
    """Returns the counts of all outcomes; splits without records are included.

    Args:
      outcomes: The outcomes.
      weights: The weights of the splits by name.
      near_duplicates: The number of pairs that `find_split_pairs` found.
    """
    ordered = sorted(outcomes)
    classes = {split: Counter(o.label for o in ordered if o.split == split) for split in weights}
    good = [o for o in ordered if o.split]
    bad = [o for o in ordered if o.subject == "record" and not o.split]
    broken = [o for o in ordered if o.subject == "damaged file"]
    return IngestionCounts(
        splits={split: dict(sorted(counter.items())) for split, counter in classes.items()},
        quarantined=dict(Counter(o.reason for o in bad).most_common()),
        first_bad=[
            BadRecord(shard=o.shard, index=o.index, reason=o.reason, source=o.source)
            for o in bad[:FIRST_BAD]
        ],
        near_duplicates=near_duplicates,
        class_ids={o.label: o.class_id for o in good},
        better_salt=_better_salt(good, weights),
        broken_files=[f"{o.shard}: after record {o.index}: {o.reason}" for o in broken],
        empty_files=[o.shard for o in ordered if o.subject == "empty file"],
        ignored_features=dict(sorted(Counter(name for o in good for name in o.ignored).items())),
    )


def _better_salt(outcomes: Sequence[RecordOutcome], weights: Mapping[str, int]) -> str | None:
    """Returns a salt with which no split lacks a class; None if none is needed or found.

    Only rare classes are checked, and near-duplicates are not grouped: the salt is a suggestion.
    """
    labels = {o.image_hash.to_bytes(8, "big"): o.label for o in outcomes}
    numbers = Counter(labels.values())
    if len({(o.split, o.label) for o in outcomes}) == len(numbers) * len(weights):
        return None
    rare = {h: label for h, label in labels.items() if numbers[label] <= _MAX_RARE}
    return find_salt(rare, weights)


def _write_counts(
    parts: list[Part],
    weights: Mapping[str, int],
    spans: list[list[str]],
    folder: str,
) -> None:
    outcomes = [outcome for part in parts for outcome in part.outcomes]
    number, pairs = find_split_pairs(sorted(outcome for outcome in outcomes if outcome.split))
    write_pairs(pairs, folder)
    counts = count_outcomes(outcomes, weights, number)
    write_text(counts.model_dump_json(indent=2), folder, COUNTS_FILE)
    hashes = {name: [o.image_hash for o in outcomes if o.split == name] for name in weights}
    write_hashes(hashes, folder)
    for shards, name in zip(reversed(spans), (SPAN_FILE, PREVIOUS_SPAN_FILE), strict=False):
        write_statistics(outcomes, set(shards), folder, name)


def _partition(exec_properties: dict[str, Any]) -> Partition:
    rules = RecordRules(
        class_names=json.loads(exec_properties["class_names"]),
        max_pixels=exec_properties["max_pixels"],
        features=feature_names(json.loads(exec_properties["features"])),
    )
    config = proto_utils.json_to_proto(exec_properties["output_config"], example_gen_pb2.Output())
    weights = {split.name: split.hash_buckets for split in config.split_config.splits}
    return Partition(weights, exec_properties["split_salt"], rules)
