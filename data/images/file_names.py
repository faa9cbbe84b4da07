"""Recognizes image files by their names, to tell folders of photographs from other folders."""

import os
from itertools import islice
from pathlib import Path

_SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif",
)  # fmt: skip
_FILES_TRIED = 1000


def looks_like_image(path: str | os.PathLike[str]) -> bool:
    """Returns whether the name of a file has the suffix of an image format."""
    return os.fspath(path).lower().endswith(_SUFFIXES)


def contains_images(folder: Path) -> bool:
    """Returns whether one of the first files under a folder looks like an image."""
    names = (name for _, _, names in os.walk(folder) for name in names)
    return any(map(looks_like_image, islice(names, _FILES_TRIED)))
