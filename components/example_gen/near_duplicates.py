"""Finds near-duplicates: images whose difference hashes differ in few bits."""

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from components.image_hashes import MAX_DISTANCE, few_bits

# Below this size, comparing all hashes of a group is faster than dividing the group further.
_SMALL_GROUP = 512
# Hashes that are compared in one operation; their arrays fit in a processor's cache.
_BLOCK = 1 << 15
# Pairs that are held in memory before they are added to the groups.
_PAIRS_IN_MEMORY = 1 << 20


def near_duplicate_pairs(
    hashes: np.ndarray, max_distance: int = MAX_DISTANCE
) -> Iterator[np.ndarray]:
    """Yields the pairs of hashes that differ in at most `max_distance` bits, each pair once.

    The method is multi-index hashing (Norouzi, Punjani and Fleet, "Fast search in Hamming space
    with multi-index hashing", 2012): if the bits are divided into max_distance + 1 bands, such a
    pair shares at least one band (the pigeonhole principle), so only hashes that share a band are
    compared. The bands are chosen for the given hashes, and again for each large group that shares
    a band, so the plain margins that many images have in common do not make the groups large.

    The time grows with the number of hashes and of pairs; the memory with the number of hashes.

    Args:
      hashes: Hashes, uint64 [n].
      max_distance: Maximum number of different bits.

    Yields:
      Index pairs, int64 [pairs, 2], with the lower index first, in no particular order.
    """
    for first, second in _search(np.arange(len(hashes)), hashes, max_distance, ()):
        yield np.stack([np.minimum(first, second), np.maximum(first, second)], axis=1)


def group_representatives(hashes: Iterable[bytes]) -> dict[bytes, bytes]:
    """Returns a mapping from hashes to the smallest hash of their group, if it is another one.

    A group is a connected component of the near-duplicate pairs; the hashes, of 8 bytes, are
    distinct.
    """
    ordered = sorted(hashes)
    numbers = np.frombuffer(b"".join(ordered), ">u8").astype(np.uint64)
    group_of = _connect(near_duplicate_pairs(numbers), len(ordered))
    _, first = np.unique(group_of, return_index=True)
    smallest = [ordered[index] for index in first[group_of]]
    return {h: s for h, s in zip(ordered, smallest, strict=True) if h != s}


def _connect(pairs: Iterable[np.ndarray], number: int) -> np.ndarray:
    """Returns the connected component of each of `number` nodes, int [number]."""
    group_of = np.arange(number)
    for some in _batches(pairs):
        links = coo_array((np.ones(len(some), bool), group_of[some].T), shape=(number, number))
        _, merged = connected_components(links, directed=False)
        group_of = merged[group_of]
    return group_of


def _batches(pairs: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Concatenates arrays of pairs to fewer and larger ones."""
    batch: list[np.ndarray] = []
    size = 0
    for some in pairs:
        batch.append(some)
        size += len(some)
        if size >= _PAIRS_IN_MEMORY:
            yield np.concatenate(batch)
            batch, size = [], 0
    if batch:
        yield np.concatenate(batch)


def _search(
    members: np.ndarray, hashes: np.ndarray, max_distance: int, skipped: tuple[np.uint64, ...]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields first and second indices of the close pairs among the members of a group.

    A pair can share several bands. It is found by the first of them; `skipped` are the masks of
    earlier bands, by which a pair that shares one of them was found already.
    """
    values = hashes[members]
    bands = _bands(values, max_distance + 1)
    if len(members) > _SMALL_GROUP and _comparisons(values, bands) < len(members) ** 2 / 2:
        for number, band in enumerate(bands):
            earlier = (*skipped, *bands[:number])
            yield from _search_band(members, hashes, band, max_distance, earlier)
    else:
        ends = np.full(len(members), len(members))
        yield from _compare(members, values, ends, max_distance, skipped)


def _search_band(
    members: np.ndarray,
    hashes: np.ndarray,
    band: np.uint64,
    max_distance: int,
    skipped: tuple[np.uint64, ...],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the close pairs that share a band: small groups together, large ones one by one."""
    members = members[np.argsort(hashes[members] & band, kind="stable")]
    sizes = _group_sizes(hashes[members] & band)
    ends = np.cumsum(sizes)
    for end, size in zip(ends[sizes > _SMALL_GROUP], sizes[sizes > _SMALL_GROUP], strict=True):
        yield from _search(members[end - size : end], hashes, max_distance, skipped)
    small = np.repeat(sizes <= _SMALL_GROUP, sizes)
    sizes = sizes[sizes <= _SMALL_GROUP]
    ends, members = np.repeat(np.cumsum(sizes), sizes), members[small]
    yield from _compare(members, hashes[members], ends, max_distance, skipped)


def _compare(
    members: np.ndarray,
    values: np.ndarray,
    ends: np.ndarray,
    max_distance: int,
    skipped: tuple[np.uint64, ...],
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the close pairs within groups of adjacent members, by comparing all of a group.

    Args:
      members: Indices of the hashes, int64 [n].
      values: Their hashes, uint64 [n].
      ends: For each member, the position after the last one of its group, int64 [n].
      max_distance: Maximum number of different bits.
      skipped: Masks of bands that a pair must not share.
    """
    for start in range(0, len(members), _BLOCK):
        first = np.arange(start, min(start + _BLOCK, len(members)))
        shift = 0
        while len(first):
            shift += 1
            first = first[ends[first] > first + shift]
            different = values[first] ^ values[first + shift]
            near = np.flatnonzero(few_bits(different, max_distance))
            for mask in skipped:
                near = near[different[near] & mask != 0]
            if len(near):
                yield members[first[near]], members[first[near] + shift]


def _bands(values: np.ndarray, number: int) -> list[np.uint64]:
    """Returns the masks of bands that together contain all bits in which the values differ.

    Each band gets its share of the bits that divide the values well and of those that are almost
    constant.
    """
    bits = np.arange(64, dtype=np.uint64)
    ones = np.array([np.count_nonzero(values & (np.uint64(1) << bit)) for bit in bits])
    rarer = np.minimum(ones, len(values) - ones)
    varying = np.argsort(-rarer, kind="stable")[: np.count_nonzero(rarer)]
    masks = np.uint64(1) << bits[varying]
    return [np.bitwise_or.reduce(masks[band::number]) for band in range(number)]


def _comparisons(values: np.ndarray, bands: Iterable[np.uint64]) -> float:
    """Returns twice the number of pairs that share a band, counted once for each band."""
    return sum(np.square(_group_sizes(np.sort(values & b)), dtype=float).sum() for b in bands)


def _group_sizes(ordered: np.ndarray) -> np.ndarray:
    """Returns how often each value of a sorted array occurs, int64, in the order of the values."""
    # No value equals its complement, so the first value always starts a group.
    starts = np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))
    return np.diff(starts, append=len(ordered))
