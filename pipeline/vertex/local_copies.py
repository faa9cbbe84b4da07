"""Copies what a report shows from a bucket to a local root, and the report to the bucket.

The sections of a report read local files. A root in a bucket is mirrored as far as they need it.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from components.artifacts import gfile
from components.data_gate.report import REPORT_FILE as DATA_REPORT_FILE
from components.history_files import REFUSAL_FILE
from data.common.formatting import format_size
from pipeline.history.run import Run
from pipeline.root_files import ARTIFACTS_FOLDER

# What a report reads, by step and output; the examples, which may be large, are last.
SHOWN = (
    ("DataGate", "report"),
    ("Predictions", "predictions"),
    ("Gate", "blessing"),
    ("ExampleGen", "quarantine"),
    ("ExampleGen", "examples"),
)
# At most this many bytes are copied; pictures of examples in further files are missing.
MOST_BYTES = 8_000_000_000
# What steps wrote to the history themselves, see `components.history_files`.
_OF_STEPS = (REFUSAL_FILE, DATA_REPORT_FILE)

_log = logging.getLogger(__name__)


def is_remote(path: str) -> bool:
    """Returns whether a path is a URL, such as gs://."""
    return "://" in path


def copy_artifacts(run: Run, root: Path, most_bytes: int = MOST_BYTES) -> None:
    """Copies the remote artifacts of a run that a report shows to `artifacts/` under a local root.

    Args:
      run: The run; artifacts that were removed are skipped.
      root: The local root.
      most_bytes: What the copies may take in all, in bytes.
    """
    for step, key in SHOWN:
        uri = run.artifacts.get(step, {}).get(key, "")
        if not is_remote(uri):
            continue
        target = root / ARTIFACTS_FOLDER / uri.rpartition(f"/{ARTIFACTS_FOLDER}/")[2]
        left, left_bytes = 0, 0
        for file, size in sorted(_files(uri), key=_training_last):
            if size > most_bytes:
                left, left_bytes = left + 1, left_bytes + size
                continue
            most_bytes -= size
            copy = target / os.path.relpath(file, uri)
            copy.parent.mkdir(parents=True, exist_ok=True)
            gfile().copy(file, str(copy), overwrite=True)
        if left:
            _log.warning(
                "%d files of %s, %s, are too large for this machine: pictures of their examples "
                "are missing in the report", left, uri, format_size(left_bytes),
            )  # fmt: skip


def copy_history(remote: str, folder: Path) -> None:
    """Copies what steps wrote to the folder of a run in the history to a local folder."""
    for name in _OF_STEPS:
        source = os.path.join(remote, name)
        if gfile().exists(source):
            gfile().copy(source, str(folder / name), overwrite=True)


def publish_history(folder: Path, remote: str) -> None:
    """Copies the other files of a local folder to the folder of a run in the history."""
    gfile().makedirs(remote)
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.name not in _OF_STEPS:
            gfile().copy(str(file), os.path.join(remote, file.name), overwrite=True)


def _files(uri: str) -> Iterator[tuple[str, int]]:
    """Yields the path and the size in bytes of each file in a folder."""
    for folder, _, names in gfile().walk(uri):
        for name in names:
            file = os.path.join(folder, name)
            yield file, gfile().stat(file).length


def _training_last(file: tuple[str, int]) -> tuple[bool, str]:
    """Orders files by name, those of the train split last."""
    return "/Split-train/" in file[0], file[0]
