"""`flowers clean`: removes the artifacts that are no longer needed."""

import datetime
import math
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.model_store.local import LocalStore
from components.tuner.trials import STATE_FOLDERS
from data.common.errors import UsageError
from data.common.formatting import format_size
from pipeline.history.mlmd import open_store
from pipeline.history.run import Run
from pipeline.history.runs import History, newest_finished
from pipeline.local.lock import locked
from pipeline.local.pinned import spans_to_compare
from pipeline.reporting.lines import display_path, print_line
from pipeline.root_files import CHECKPOINTS_FOLDER, METADATA_FILE, SERVING_FOLDER, TUNE_FOLDER
from pipeline.settings.settings import RetentionSettings

# The artifacts of a blessed model, kept although another model has replaced it.
_MODEL_TYPES = ("Model", "ModelEvaluation", "ModelBlessing", "InfraBlessing")
# TFX's own folder in the folder of each step, empty once the step has ended.
_SYSTEM = ".system"


def clean(root: Path, dry_run: bool, retention: RetentionSettings) -> None:
    """Removes the artifacts of old runs and of killed ones, and prints what and how much.

    It keeps: all artifacts of the runs that `retention` selects, of the newest finished run and of
    those after it, and of each run whose model is served or was withdrawn; model, evaluation,
    verdict and serving check of every blessed model; the statistics that the next span is compared
    with; and the history. ML Metadata marks the removed artifacts as deleted. With `dry_run`
    nothing is removed.

    Raises:
      UsageError: There are no runs, or one is in progress.
    """
    if not (root / METADATA_FILE).exists():
        raise UsageError(f"--root: {root} holds no runs, so there is nothing to clean")
    with locked(root):
        store, runs = open_store(root), History(root).runs()
        _check_location(root, store)
        needed = _needed_uris(root, store, runs, retention)
        unneeded = _unneeded_folders(root, needed) + _abandoned_checkpoints(root, runs)
        for line in _format_folders(root, unneeded):
            print_line(line)
        freed = sum(map(_size, unneeded))
        if dry_run:
            print_line(f"Would free {format_size(freed)}; nothing was removed.")
            return
        _remove(store, unneeded)
        print_line(f"Freed {format_size(freed)}.")


def _check_location(root: Path, store: MetadataStore) -> None:
    """Checks that the root has the path that ML Metadata knows; else all in it would seem unneeded.

    Raises:
      UsageError: The root was moved, or is named by another path.
    """
    prefix = f"{root / 'artifacts'}/"
    uris = [artifact.uri for artifact in store.get_artifacts() if "/artifacts/" in artifact.uri]
    if uris and not any(uri.startswith(prefix) for uri in uris):
        raise UsageError(
            f"--root: its runs were under {uris[0].partition('/artifacts/')[0]}, and not under "
            f"{root}; use that path; a root that was moved cannot be cleaned"
        )


def _needed_uris(
    root: Path, store: MetadataStore, runs: Sequence[Run], retention: RetentionSettings
) -> set[str]:
    """Returns the URIs of the artifacts to keep."""
    now = datetime.datetime.now(datetime.UTC)
    serving = LocalStore(root / SERVING_FOLDER)
    versions = {*serving.served_versions(), *serving.withdrawn_versions()}
    uris = set(spans_to_compare(runs))
    finished = 0
    for run in runs:
        days = (now - datetime.datetime.fromisoformat(run.started)).total_seconds() / 86400
        retained = finished < (retention.runs or math.inf) and days <= (retention.days or math.inf)
        keep_all = not finished or retained or bool(run.versions & versions)
        uris.update(_outputs(store, run, keep_all))
        finished += run.finished
    return uris


def _outputs(store: MetadataStore, run: Run, keep_all: bool) -> Iterable[str]:
    """Returns the URIs of a run's outputs, cached ones included: all, or those its model needs."""
    blessed = bool(run.verdict and run.verdict.blessed)
    context = store.get_context_by_type_and_name("pipeline_run", run.pipeline_run_id or run.run_id)
    if context is None or not (keep_all or blessed):
        return []
    executions = [execution.id for execution in store.get_executions_by_context(context.id)]
    output_types = (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT)
    events = store.get_events_by_execution_ids(executions) if executions else []
    artifacts = store.get_artifacts_by_id([e.artifact_id for e in events if e.type in output_types])
    return [artifact.uri for artifact in artifacts if keep_all or artifact.type in _MODEL_TYPES]


def _unneeded_folders(root: Path, needed: set[str]) -> list[Path]:
    """Returns folders `artifacts/<step>/<output>/<execution>` to remove, and unfinished pushes."""
    outputs = [path for path in root.glob("artifacts/*/*/*") if path.parent.name != _SYSTEM]
    unneeded = [path for path in outputs if str(path) not in needed]
    unneeded += root.glob(f"artifacts/*/{_SYSTEM}/*/*")
    return sorted(unneeded) + LocalStore(root / SERVING_FOLDER).unfinished_pushes()


def _abandoned_checkpoints(root: Path, runs: Sequence[Run]) -> list[Path]:
    """Returns the checkpoints that were last saved before the newest finished run started.

    Of a search these are the states of unfinished trials; what it found is small, and stays.
    """
    newest = newest_finished(runs)
    start = datetime.datetime.fromisoformat(newest.started).timestamp() if newest else 0
    states = [*root.glob(f"{CHECKPOINTS_FOLDER}/*"), *root.glob(f"{TUNE_FOLDER}/*/{STATE_FOLDERS}")]
    return [path for path in states if path.stat().st_mtime < start]


def _format_folders(root: Path, folders: list[Path]) -> Iterator[str]:
    by_output: dict[Path, list[Path]] = defaultdict(list)
    for folder in folders:
        by_output[folder.parent].append(folder)
    for parent, children in by_output.items():
        freed = sum(map(_size, children))
        if freed or _SYSTEM not in parent.parts:
            plural = "s" if len(children) > 1 else ""
            size = format_size(freed)
            yield f"{display_path(parent)}: {len(children)} folder{plural}, {size}"
    if not folders:
        yield f"Everything under {display_path(root)} is needed."


def _remove(store: MetadataStore, folders: list[Path]) -> None:
    # Marked first: a marked folder is found again if this is interrupted, but an artifact whose
    # folder is gone must not count as existing.
    uris = {str(folder) for folder in folders}
    artifacts = [artifact for artifact in store.get_artifacts() if artifact.uri in uris]
    for artifact in artifacts:
        artifact.state = mlmd.Artifact.DELETED
    if artifacts:
        store.put_artifacts(artifacts)
    for folder in folders:
        shutil.rmtree(folder)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
