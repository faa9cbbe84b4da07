"""Near-duplicates in different splits are counted, and the closest are written."""

import numpy as np

from components.example_gen.partition import RecordOutcome
from components.example_gen.split_pairs import (
    MOST_PAIRS,
    find_split_pairs,
    read_pairs,
    write_pairs,
)


def outcome(index, split, image_hash):
    return RecordOutcome("a.tfrec", index, split, "rose", image_hash, record_id=f"{index:016x}")


def test_pairs_across_splits_are_found_closest_first(tmp_path):
    examples = [
        outcome(0, "train", 0b1111 << 40),
        outcome(1, "train", 0b0111 << 40),
        # Five bits from the second, four from the first.
        outcome(2, "test", 0b1111_1111 << 40),
        outcome(3, "eval", 0b1110 << 40),
        # The same image again.
        outcome(4, "eval", 0b1110 << 40),
        # The highest bit, which a signed number does not have.
        outcome(5, "eval", 1 << 63 | 0xFFFF),
        outcome(6, "test", 1 << 63 | 0xFFFE),
    ]
    number, pairs = find_split_pairs(examples)
    found = [(pair.first.index, pair.second.index, pair.distance) for pair in pairs]
    assert found == [(0, 3, 1), (5, 6, 1), (1, 3, 2), (0, 2, 4)]
    assert number == 4
    write_pairs(pairs, str(tmp_path))
    assert read_pairs(str(tmp_path)) == pairs
    assert pairs[0].second.record_id == f"{3:016x}"


def test_all_pairs_are_counted_and_the_closest_are_kept():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 1 << 63, 1000, np.uint64)
    flips = rng.permutation(np.arange(1000) % 4 + 1)
    examples = []
    for i, (number, bits) in enumerate(zip(hashes.tolist(), flips.tolist(), strict=True)):
        examples += [outcome(i, "train", number), outcome(i, "test", number ^ ((1 << bits) - 1))]
    number, pairs = find_split_pairs(examples)
    assert number == 1000
    assert [pair.distance for pair in pairs] == [1] * MOST_PAIRS
    assert all(pair.first.index == pair.second.index for pair in pairs)


def test_data_without_pairs_has_an_empty_file_and_old_data_has_none(tmp_path):
    assert find_split_pairs([]) == (0, [])
    assert read_pairs(str(tmp_path)) is None
    write_pairs([], str(tmp_path))
    assert read_pairs(str(tmp_path)) == []
