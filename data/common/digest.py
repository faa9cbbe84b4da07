"""Digests of files by name and content."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 24


def digest_files(files: Mapping[str, Path | str], opener: Callable[..., Any] = open) -> str:
    """Returns a hex SHA-256 over files: what each is called, and what is in it.

    Args:
      files: paths by name.
      opener: opens a path; of local files if nothing else is said.
    """
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = hashlib.sha256()
        with opener(path, "rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                content.update(chunk)
        digest.update(f"{name}\0{content.hexdigest()}\n".encode())
    return digest.hexdigest()
