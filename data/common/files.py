"""Writes files atomically, and computes their digests."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# The first bytes of a file that is compressed with GZIP.
GZIP_START = b"\x1f\x8b\x08"
_CHUNK_BYTES = 1 << 24


def write_whole(path: Path, text: str) -> None:
    """Writes a text file as UTF-8 and atomically: first under a hidden name, then renamed."""
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, path)


def digest_files(files: Mapping[str, Path | str], opener: Callable[..., Any] = open) -> str:
    """Returns the hex SHA-256 of the names and contents of files, whose paths are given by name."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        with opener(path, "rb") as stream:
            content = hashlib.sha256()
            while chunk := stream.read(_CHUNK_BYTES):
                content.update(chunk)
        digest.update(f"{name}\0{content.hexdigest()}\n".encode())
    return digest.hexdigest()
