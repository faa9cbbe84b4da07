"""Perceptual hashes of images, which assign them to splits and record what a model has seen.

A model has seen the images of train and eval, and those that its warm starts have seen. A test
image counts as seen if an image that looks the same was in the training or evaluation split.
"""

import io
from collections.abc import Mapping, Sequence

import numpy as np

from components.artifacts import SEEN_FILE, file_exists, read_bytes, write_bytes
from components.transform.decoding import DECODER_VERSION, decode_bytes

# Increased with every change of a difference hash.
SPLITTER_VERSION = 1
# Re-encoding or slightly cropping an image changes at most about this many of 64 bits.
MAX_DISTANCE = 4
# A file in ExampleGen's quarantine artifact, with the hashes of each split.
HASHES_FILE = "image_hashes.npz"
# Hashes by other versions are not comparable.
_VERSIONS = [SPLITTER_VERSION, DECODER_VERSION]


def difference_hash(image: np.ndarray) -> bytes:
    """Returns the 64-bit difference hash (dHash), 8 bytes, of an image, uint8 [height, width, 3].

    The image is averaged down to 8 rows of 9 grey cells; a bit is set if a cell is darker than its
    right neighbour. Re-encoding or resizing an image hardly changes the hash. It is computed with
    integers only, so that it is the same on every machine.

    Reference: N. Krawetz, "Kind of Like That", hackerfactor.com, 2013.
    """
    starts, rows = _cells(image.shape[0], 8)
    # Of whole rows, this is faster than `reduceat`. The largest image has sums below 2^32.
    sums = np.stack([
        image[start : start + number].sum(axis=0, dtype=np.uint32)
        for start, number in zip(starts, rows, strict=True)
    ])  # fmt: skip
    starts, columns = _cells(image.shape[1], 9)
    sums = np.add.reduceat(sums, starts, axis=1, dtype=np.int64)
    # ITU-R BT.601 luma, in thousandths.
    cells = sums @ np.array([299, 587, 114]) // (rows[:, None] * columns[None, :])
    return np.packbits(cells[:, :-1] < cells[:, 1:]).tobytes()


def write_hashes(splits: Mapping[str, Sequence[int]], folder: str) -> None:
    """Writes the hashes of the images of each split, one for each image, to a folder."""
    arrays = {name: np.array(hashes, np.uint64) for name, hashes in splits.items()}
    _write(arrays, folder, HASHES_FILE)


def read_hashes(folder: str) -> Mapping[str, np.ndarray]:
    """Returns the hashes that `write_hashes` wrote, uint64 [images] by split."""
    return _read(folder, HASHES_FILE)


def hash_images(encoded: Sequence[bytes]) -> np.ndarray:
    """Returns the hashes of encoded images, uint64 [n]."""
    hashes = [difference_hash(decode_bytes(image)) for image in encoded]
    return np.array([int.from_bytes(value, "big") for value in hashes], np.uint64)


def write_seen(hashes: np.ndarray, model: str) -> None:
    """Writes the hashes of the images that a model has seen to the folder of its SavedModel."""
    _write({"seen": np.unique(hashes)}, model, SEEN_FILE)


def read_seen(model: str) -> np.ndarray | None:
    """Returns the hashes of the images that a model has seen, uint64 [n], sorted.

    Returns None if the model has no record, or one of another version of splitter or decoder; it
    counts as having seen every image then.
    """
    if not file_exists(model, SEEN_FILE):
        return None
    content = _read(model, SEEN_FILE)
    return content["seen"] if content["versions"].tolist() == _VERSIONS else None


def find_seen(hashes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Returns which images look like one that a model has seen, bool [n].

    Two images look alike if their difference hashes differ in at most MAX_DISTANCE bits.

    Args:
      hashes: The hashes of the images, uint64 [n].
      seen: The hashes of the images that the model has seen, uint64 [m].
    """
    # One by one, because all pairs at once could need gigabytes.
    return np.array([few_bits(seen ^ one, MAX_DISTANCE).any() for one in hashes], bool)


def few_bits(values: np.ndarray, maximum: int) -> np.ndarray:
    """Returns which values, uint64, have at most `maximum` bits set, a bool for each."""
    rest = values.copy()
    for _ in range(maximum):
        # This clears the lowest bit that is set.
        rest &= rest - np.uint64(1)
    return rest == 0


def _write(arrays: Mapping[str, np.ndarray], *path: str) -> None:
    content = io.BytesIO()
    np.savez(content, versions=np.array(_VERSIONS), **arrays)
    write_bytes(content.getvalue(), *path)


def _read(*path: str) -> Mapping[str, np.ndarray]:
    with np.load(io.BytesIO(read_bytes(*path))) as content:
        return {name: content[name] for name in content.files}


def _cells(length: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns where each of `number` cells of an axis starts, and its length, which is at least 1.

    If the axis is shorter than that, cells overlap.
    """
    starts = np.arange(number) * length // number
    return starts, np.maximum(np.diff(np.append(starts, length)), 1)
