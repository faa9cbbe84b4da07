"""Digests of files, computed from their names and contents."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 24


def digest_files(files: Mapping[str, Path | str], opener: Callable[..., Any] = open) -> str:
    """Returns the hex SHA-256 of the names and contents of files.

    Args:
      files: Paths by name.
      opener: Function that opens a path; by default for local files.
    """
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = hashlib.sha256()
        with opener(path, "rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                content.update(chunk)
        digest.update(f"{name}\0{content.hexdigest()}\n".encode())
    return digest.hexdigest()
