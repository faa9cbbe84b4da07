"""Finds near-duplicates: images whose difference hashes differ in few bits."""

import itertools
from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Re-encoding or slightly cropping an image changes at most about this many of 64 bits.
MAX_DISTANCE = 4


def near_duplicate_pairs(hashes: np.ndarray, max_distance: int = MAX_DISTANCE) -> np.ndarray:
    """Returns the pairs of hashes that differ in at most `max_distance` bits.

    If the bits are divided into max_distance + 1 bands, such a pair shares at least one band (the
    pigeonhole principle), so only hashes that share a band are compared.

    Args:
      hashes: Hashes, uint64 [n].
      max_distance: Maximum number of different bits.

    Returns:
      Sorted index pairs, int64 [pairs, 2], with the lower index first.
    """
    found = [np.empty([0, 2], np.int64)]
    bounds = np.linspace(0, 64, max_distance + 2).astype(int)
    for low, high in itertools.pairwise(bounds):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[order])) + 1
        for group in np.split(order, starts):
            if len(group) > 1:
                found.append(_close_pairs(group, hashes, max_distance))
    return np.unique(np.concatenate(found), axis=0)


def group_representatives(hashes: Iterable[bytes]) -> dict[bytes, bytes]:
    """Returns a mapping from hashes to the smallest hash of their group, if it is another one.

    A group is a connected component of the near-duplicate pairs; the hashes, of 8 bytes, are
    distinct.
    """
    ordered = sorted(hashes)
    numbers = np.frombuffer(b"".join(ordered), ">u8").astype(np.uint64)
    pairs = near_duplicate_pairs(numbers)
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(ordered), len(ordered)))
    _, group_of = connected_components(links, directed=False)
    _, first = np.unique(group_of, return_index=True)
    smallest = [ordered[index] for index in first[group_of]]
    return {h: s for h, s in zip(ordered, smallest, strict=True) if h != s}


def _close_pairs(group: np.ndarray, hashes: np.ndarray, max_distance: int) -> np.ndarray:
    group = np.sort(group)
    first, second = np.triu_indices(len(group), k=1)
    different = hashes[group[first]] ^ hashes[group[second]]
    bits = np.unpackbits(different.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)
    near = bits <= max_distance
    return np.stack([group[first[near]], group[second[near]]], axis=1)
