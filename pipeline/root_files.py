"""Names of the files and folders under a root, the folder that `--root` names; and its own name."""

import os
import re
from pathlib import Path

from data.common.errors import UsageError
from data.common.formatting import printable
from data.common.paths import find_file, find_misread

METADATA_FILE = "metadata.sqlite"
LOCK_FILE = ".lock"
# Beside the lock, because taking a lock empties the lock file.
OWNER_FILE = ".lock.json"
# A root may be any folder of the user's, so the name must be one that nobody else gives.
TEMPORARY_FOLDER = ".flowers-tmp"
SERVING_FOLDER = "serving"
CHECKPOINTS_FOLDER = "checkpoints"
TUNE_FOLDER = "tune"
ARTIFACTS_FOLDER = "artifacts"
HISTORY_FOLDER = "history"
EVALUATIONS_FOLDER = "evaluations"
# In the folder of each evaluation, once it has finished.
EVALUATION_FILE = "evaluation.json"
INDEX_FILE = "index.html"

# A Path keeps one of the slashes of a URL.
_URL = re.compile(r"(gs|s3|hdfs|https?|file):/")


def find_artifact(root: Path, uri: str) -> Path | None:
    """Returns the folder of an artifact of a root; None if it was removed, or `uri` is empty."""
    # A root may have been moved, or is mounted at another path in a container.
    moved = root / ARTIFACTS_FOLDER / uri.rpartition(f"/{ARTIFACTS_FOLDER}/")[2]
    return next((path for path in (Path(uri), moved) if uri and path.is_dir()), None)


def check_root_name(root: Path | None) -> Path | None:
    """Returns a root if TensorFlow and Beam can use its path, and None for None.

    Raises:
      UsageError: The path contains a character that they misread or cannot print, is a URL or a
        file, or is below a file.
    """
    if root is None:
        return None
    if _URL.match(str(root)):
        raise UsageError(
            f"--root: must be a folder of this machine, got the URL {printable(str(root))}; runs "
            "in a bucket are jobs on Vertex AI, see `flowers vertex submit --help`"
        )
    path = os.path.abspath(root)
    if character := find_misread(path):
        pattern = "TensorFlow reads as part of a pattern"
        raise UsageError(
            f"--root: the path {printable(path)} contains {printable(character)}, which "
            f"{pattern if character.isprintable() else 'cannot be printed'}; name another folder"
        )
    if file := find_file(root):
        raise UsageError(f"--root: must be a folder, and {file} is a file; name a folder")
    return root
