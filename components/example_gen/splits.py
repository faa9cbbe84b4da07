"""Assigns images to splits by a hash of their content, independently of other images."""

import hashlib
from bisect import bisect
from collections.abc import Mapping
from itertools import accumulate


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
