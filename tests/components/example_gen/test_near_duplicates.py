import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.example_gen import near_duplicates
from components.example_gen.near_duplicates import group_representatives, near_duplicate_pairs


def found_pairs(hashes, max_distance=4):
    """Returns the pairs as sorted tuples; each pair must occur once."""
    pairs = [tuple(p) for some in near_duplicate_pairs(hashes, max_distance) for p in some.tolist()]
    assert len(set(pairs)) == len(pairs)
    return sorted(pairs)


def all_pairs(hashes, max_distance=4):
    """The oracle: compares every hash with every other one."""
    return [
        (a, b)
        for (a, first), (b, second) in itertools.combinations(enumerate(hashes.tolist()), 2)
        if (first ^ second).bit_count() <= max_distance
    ]


@st.composite
def clustered_hashes(draw):
    """Hashes of which many are close: they vary in few bits, or by a few flipped bits."""
    # The mask leaves hashes equal, equal in some bands, or free.
    mask = draw(st.sampled_from([0, 0b111111, 0x1FFF, 0x3FFFFFF << 20, 0x8421084210842108, ~0]))
    hashes = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=25))
    hashes = [(value & mask) % 2**64 for value in hashes]
    for flips in draw(st.lists(st.sets(st.integers(0, 63), max_size=6), max_size=25)):
        # A chain, as each copy changes the one before it.
        hashes.append(hashes[-1] ^ sum(1 << bit for bit in flips))
    return np.array(hashes, np.uint64)


@given(clustered_hashes(), st.integers(0, 6), st.sampled_from([1, 4, 512]))
@example(np.full(30, 7, np.uint64), 4, 1)
@example(np.uint64(1) << np.arange(64, dtype=np.uint64), 1, 1)
@example((np.uint64(2) << np.arange(63, dtype=np.uint64)) - np.uint64(1), 4, 4)
def test_the_pairs_are_those_of_a_comparison_of_all_hashes(hashes, max_distance, small_group):
    # With a small limit, groups are divided as in large data.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_SMALL_GROUP", small_group)
        assert found_pairs(hashes, max_distance) == all_pairs(hashes, max_distance)


@pytest.mark.parametrize("shared_bits", [0, 13, 26, 39, 52])
def test_hashes_that_share_bands_are_found_as_well(shared_bits):
    generator = np.random.default_rng(shared_bits)
    hashes = generator.integers(0, 2**64, 1500, dtype=np.uint64) >> np.uint64(shared_bits)
    for index in range(0, 1500, 30):
        flips = sum(1 << int(bit) for bit in generator.choice(64, index // 30 % 7, False))
        hashes[index + 1] = hashes[index] ^ np.uint64(flips)
    expected = all_pairs(hashes)
    assert len(expected) >= 30
    assert found_pairs(hashes) == expected


@pytest.mark.parametrize("number", [0, 1])
def test_fewer_than_two_hashes_have_no_pair(number):
    assert found_pairs(np.zeros(number, np.uint64)) == []


def test_a_group_is_a_connected_component_represented_by_its_smallest_hash():
    chain = [n.to_bytes(8, "big") for n in (0b1, 0b1111_1, 0b1111_1111_1)]
    far = (0xFFFF << 48).to_bytes(8, "big")
    found = group_representatives([*reversed(chain), far])
    assert found == {chain[1]: chain[0], chain[2]: chain[0]}
    assert group_representatives([]) == {}


@given(clustered_hashes(), st.sampled_from([1, 20, 1 << 20]))
def test_groups_do_not_depend_on_how_many_pairs_are_held_in_memory(hashes, in_memory):
    hashes = np.unique(hashes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_PAIRS_IN_MEMORY", in_memory)
        found = group_representatives(h.to_bytes(8, "big") for h in hashes.tolist())
    expected = list(range(len(hashes)))
    for a, b in all_pairs(hashes):
        low, high = sorted((expected[a], expected[b]))
        expected = [low if group == high else group for group in expected]
    names = [h.to_bytes(8, "big") for h in hashes.tolist()]
    assert found == {names[i]: names[group] for i, group in enumerate(expected) if i != group}
