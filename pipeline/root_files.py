"""Names of the files and folders under a root, the folder that `--root` names; and its own name."""

import os
from pathlib import Path

from data.common.errors import UsageError
from data.common.formatting import printable

METADATA_FILE = "metadata.sqlite"
LOCK_FILE = ".lock"
# Beside the lock, because taking a lock empties the lock file.
OWNER_FILE = ".lock.json"
# A root may be any folder of the user's, so the name must be one that nobody else gives.
TEMPORARY_FOLDER = ".flowers-tmp"
SERVING_FOLDER = "serving"
CHECKPOINTS_FOLDER = "checkpoints"
ARTIFACTS_FOLDER = "artifacts"
HISTORY_FOLDER = "history"

# TensorFlow and Beam read paths with these characters as patterns.
_PATTERN = "*?[\\"


def check_root_name(root: Path) -> Path:
    """Returns a root if TensorFlow and Beam can use its path.

    Raises:
      UsageError: The path contains a character that they misread or cannot print.
    """
    for character in os.path.abspath(root):
        if character in _PATTERN:
            problem = "which TensorFlow reads as part of a pattern"
        elif not character.isprintable():
            problem = "which cannot be printed"
        else:
            continue
        raise UsageError(
            f"--root: the path {printable(os.path.abspath(root))} contains "
            f"{printable(character)}, {problem}; name another folder"
        )
    return root
