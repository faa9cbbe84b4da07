"""Assigns images to splits by a hash of their content, independently of other images."""

import hashlib
from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate

import numpy as np


def difference_hash(image: np.ndarray) -> bytes:
    """Returns the 64-bit difference hash (dHash), 8 bytes, of an image, uint8 [height, width, 3].

    The image is averaged down to 8 rows of 9 grey cells; a bit is set if a cell is darker than its
    right neighbour. Re-encoding or resizing an image hardly changes the hash. It is computed with
    integers only, so that it is the same on every machine.

    Reference: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.
    """
    sums, rows = _cell_sums(image, 8, axis=0)
    sums, columns = _cell_sums(sums, 9, axis=1)
    # ITU-R BT.601 luma, in thousandths.
    cells = sums @ np.array([299, 587, 114]) // (rows[:, None] * columns[None, :])
    return np.packbits(cells[:, :-1] < cells[:, 1:]).tobytes()


def assign_split(image_hash: bytes, weights: Mapping[str, int], salt: str = "") -> str:
    """Returns the split of an image hash, with probabilities proportional to `weights`.

    It does not depend on other records, so an image keeps its split when more are added.
    """
    digest = hashlib.sha256(salt.encode() + image_hash).digest()
    bounds = list(accumulate(weights.values()))
    return list(weights)[bisect(bounds, int.from_bytes(digest, "big") % bounds[-1])]


def find_salt(
    labels: Mapping[bytes, str], weights: Mapping[str, int], tries: int = 200
) -> str | None:
    """Returns the first of the salts "1", "2", ... with which no split lacks a class, or None.

    `labels` are class names by image hash, for which the rarest classes are enough.
    """
    combinations = len(set(labels.values())) * len(weights)
    for salt in map(str, range(1, tries + 1)):
        pairs = {(assign_split(h, weights, salt), label) for h, label in labels.items()}
        if len(pairs) == combinations:
            return salt
    return None


def _cell_sums(values: np.ndarray, cells: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns int64 sums over `cells` cells along `axis`, and the number of values in each.

    If there are fewer values than cells, values are repeated.
    """
    length = values.shape[axis]
    starts = np.arange(cells) * length // cells
    counts = np.maximum(np.diff(np.append(starts, length)), 1)
    return np.add.reduceat(values, starts, axis=axis, dtype=np.int64), counts
