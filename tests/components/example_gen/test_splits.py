from collections import Counter

import pytest

from components.example_gen.splits import assign_split

WEIGHTS = {"train": 8, "eval": 1, "test": 1}


def test_splits_are_assigned_in_proportion_to_their_weights():
    hashes = [number.to_bytes(8, "big") for number in range(4000)]
    found = Counter(assign_split(value, WEIGHTS) for value in hashes)
    assert found["train"] == pytest.approx(3200, abs=100)
    assert found["eval"] == pytest.approx(400, abs=80)


def test_a_salt_changes_the_assignment():
    hashes = [number.to_bytes(8, "big") for number in range(100)]
    plain = [assign_split(value, WEIGHTS) for value in hashes]
    assert plain == [assign_split(value, WEIGHTS) for value in hashes]
    assert plain != [assign_split(value, WEIGHTS, "salt") for value in hashes]
