"""Digests of files by name and content."""

import hashlib
from collections.abc import Mapping
from pathlib import Path


def digest_files(files: Mapping[str, Path]) -> str:
    """Returns a hex SHA-256 over local files: what each is called, and what is in it."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()
