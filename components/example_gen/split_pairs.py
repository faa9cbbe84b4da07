"""Near-duplicates in different splits: their number, and the closest of them for people to see."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from components.artifacts import file_exists, read_json, write_json

if TYPE_CHECKING:
    # It imports TensorFlow and Beam, which readers of the file do not need.
    from components.example_gen.partition import RecordOutcome

PAIRS_FILE = "near_duplicates.json"
# The pairs that are written; all of them are counted.
MOST_PAIRS = 200


@dataclass(frozen=True)
class Example:
    """An example that has a near-duplicate in another split.

    Attributes:
      split: Its split.
      record_id: See `data.records.record_id`.
      label: The name of its class.
      shard: Path of the record file.
      index: Index of the record in it.
    """

    split: str
    record_id: str
    label: str
    shard: str
    index: int


@dataclass(frozen=True)
class SplitPair:
    """Two near-duplicates in different splits; `distance` is the number of different hash bits."""

    first: Example
    second: Example
    distance: int


def find_split_pairs(examples: "Sequence[RecordOutcome]") -> tuple[int, list[SplitPair]]:
    """Returns the number of pairs of near-duplicates in different splits, and the closest of them.

    Images with equal hashes are in the same split, so each hash is compared once, for the first
    example that has it.

    Args:
      examples: The outcomes of the records that are in a split, sorted.

    Returns:
      The number, and up to MOST_PAIRS pairs, closest first.
    """
    # It imports TensorFlow, and a report reads the pairs without it.
    from components.example_gen.near_duplicates import near_duplicate_pairs

    hashes = np.array([example.image_hash for example in examples], np.uint64)
    distinct, first = np.unique(hashes, return_index=True)
    splits = np.array([example.split for example in examples], dtype=str)[first]
    number, closest = 0, np.empty([0, 3], np.int64)
    for pairs in near_duplicate_pairs(distinct):
        across = pairs[splits[pairs[:, 0]] != splits[pairs[:, 1]]]
        number += len(across)
        bits = _count_bits(distinct[across[:, 0]] ^ distinct[across[:, 1]])
        rows = np.column_stack([bits, np.sort(first[across], axis=1)])
        closest = np.concatenate([closest, rows])
        closest = closest[np.lexsort(closest.T[::-1])][:MOST_PAIRS]
    return number, [
        SplitPair(_example(examples[a]), _example(examples[b]), int(distance))
        for distance, a, b in closest
    ]


def write_pairs(pairs: Sequence[SplitPair], folder: str) -> None:
    """Writes pairs to a folder."""
    write_json([asdict(pair) for pair in pairs], folder, PAIRS_FILE)


def read_pairs(folder: str) -> list[SplitPair] | None:
    """Returns the pairs in ExampleGen's quarantine artifact; None if it has no such file."""
    if not file_exists(folder, PAIRS_FILE):
        return None
    return [
        SplitPair(Example(**pair["first"]), Example(**pair["second"]), pair["distance"])
        for pair in read_json(folder, PAIRS_FILE)
    ]


def _example(outcome: "RecordOutcome") -> Example:
    return Example(outcome.split, outcome.record_id, outcome.label, outcome.shard, outcome.index)


def _count_bits(values: np.ndarray) -> np.ndarray:
    """Returns the number of bits that are set in each value, int64 [n]."""
    return np.unpackbits(values.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1, dtype=np.int64)
