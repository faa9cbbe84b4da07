"""Near-duplicates: pairs of images whose difference hashes are few bits apart."""

import itertools
from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Re-encoded or slightly cropped, an image stays within these many bits of 64.
MAX_DISTANCE = 4


def near_duplicate_pairs(hashes: np.ndarray, max_distance: int = MAX_DISTANCE) -> np.ndarray:
    """Returns the pairs of hashes that are at most `max_distance` bits apart.

    Of max_distance + 1 bands of bits, such a pair has at least one in common, so that only hashes
    that share a band are compared (Broder's blocking by the pigeonhole principle).

    Args:
      hashes: uint64 [n].

    Returns:
      int64 [pairs, 2]: indices, the lower one first, sorted; each pair once.
    """
    found = [np.empty([0, 2], np.int64)]
    bounds = np.linspace(0, 64, max_distance + 2).astype(int)
    for low, high in itertools.pairwise(bounds):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[order])) + 1
        for group in np.split(order, starts):
            if len(group) > 1:
                found.append(_near_in(group, hashes, max_distance))
    return np.unique(np.concatenate(found), axis=0)


def representatives(hashes: Iterable[bytes]) -> dict[bytes, bytes]:
    """Returns for each hash that has smaller ones near it the smallest of their group.

    A group is all that hang together: near ones, and what is near those.

    Args:
      hashes: of 8 bytes, each once.
    """
    ordered = sorted(hashes)
    numbers = np.frombuffer(b"".join(ordered), ">u8").astype(np.uint64)
    pairs = near_duplicate_pairs(numbers)
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(ordered), len(ordered)))
    _, group_of = connected_components(links, directed=False)
    _, first = np.unique(group_of, return_index=True)
    smallest = [ordered[index] for index in first[group_of]]
    return {h: s for h, s in zip(ordered, smallest, strict=True) if h != s}


def _near_in(group: np.ndarray, hashes: np.ndarray, max_distance: int) -> np.ndarray:
    group = np.sort(group)
    first, second = np.triu_indices(len(group), k=1)
    different = hashes[group[first]] ^ hashes[group[second]]
    bits = np.unpackbits(different.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1)
    near = bits <= max_distance
    return np.stack([group[first[near]], group[second[near]]], axis=1)
