import itertools

import numpy as np
import pytest

from components.example_gen.near_duplicates import group_representatives, near_duplicate_pairs


def test_the_pairs_are_those_of_a_comparison_of_all_hashes():
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**64, 60, dtype=np.uint64)
    for index in range(0, 60, 3):
        # A copy with up to 6 different bits.
        flips = np.uint64(sum(1 << int(bit) for bit in generator.choice(64, index // 10, False)))
        hashes[index + 1] = hashes[index] ^ flips
    expected = [
        [a, b]
        for a, b in itertools.combinations(range(60), 2)
        if int(hashes[a] ^ hashes[b]).bit_count() <= 4
    ]
    assert len(expected) > 10
    assert near_duplicate_pairs(hashes).tolist() == expected


@pytest.mark.parametrize("number", [0, 1])
def test_fewer_than_two_hashes_have_no_pair(number):
    assert near_duplicate_pairs(np.zeros(number, np.uint64)).shape == (0, 2)


def test_a_group_is_a_connected_component_represented_by_its_smallest_hash():
    chain = [n.to_bytes(8, "big") for n in (0b1, 0b1111_1, 0b1111_1111_1)]
    far = (0xFFFF << 48).to_bytes(8, "big")
    found = group_representatives([*reversed(chain), far])
    assert found == {chain[1]: chain[0], chain[2]: chain[0]}
    assert group_representatives([]) == {}
