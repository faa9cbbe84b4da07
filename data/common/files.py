"""Writes files."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Writes a text file atomically: first under a hidden name, then renamed."""
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_text(text)
    os.replace(unfinished, path)
