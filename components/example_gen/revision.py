"""Revises the outcomes of records once all records are known.

A record is assigned to its split as soon as it is read. Only contradictory labels of an image, and
the groups of near-duplicates, depend on other records.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from components.example_gen.near_duplicates import group_representatives
from components.example_gen.partition import Partition, RecordOutcome


def revise_outcomes(
    outcomes: Collection[RecordOutcome], partition: Partition, group_near_duplicates: bool
) -> Iterator[RecordOutcome]:
    """Yields the outcomes of valid records that change, changed; they have a reason or a new split.

    Args:
      outcomes: The outcomes of all records.
      partition: How they were partitioned.
      group_near_duplicates: Whether near-duplicates are assigned to the same split.
    """
    conflicts = find_conflicts(outcomes)
    valid = [outcome for outcome in outcomes if outcome.split]
    groups = {}
    if group_near_duplicates:
        groups = group_representatives({o.image_hash.to_bytes(8, "big") for o in valid})
    for outcome in valid:
        if reason := conflicts.get(outcome.digest):
            yield replace(outcome, split="", reason=reason)
        elif representative := groups.get(outcome.image_hash.to_bytes(8, "big")):
            split = partition.split_of(representative)
            if split != outcome.split:
                yield replace(outcome, split=split)


def find_conflicts(outcomes: Iterable[RecordOutcome]) -> dict[bytes, str]:
    """Returns the digest of each image that occurs with different labels, and the reason."""
    labels: dict[bytes, str] = {}
    conflicts: dict[bytes, set[str]] = {}
    for outcome in outcomes:
        label = outcome.given_label
        if label is not None and label != (first := labels.setdefault(outcome.digest, label)):
            conflicts.setdefault(outcome.digest, {first}).add(label)
    return {digest: conflicting_labels_reason(found) for digest, found in conflicts.items()}


def conflicting_labels_reason(labels: Iterable[str]) -> str:
    """Returns the reason why an image with these labels is quarantined."""
    return f"identical images with different labels: {', '.join(sorted(labels))}"
