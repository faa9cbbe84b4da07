"""`flowers clean`: what no run needs any more."""

import datetime
import math
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.model_store.local import served_versions, unfinished_pushes, withdrawn_versions
from data.common.errors import UsageError
from data.common.formatting import format_size
from pipeline.history.mlmd import open_store
from pipeline.history.runs import History, Run
from pipeline.local.pinned import spans_to_compare
from pipeline.local.root import locked
from pipeline.reporting.lines import display_path, print_line
from pipeline.root_files import METADATA_FILE
from pipeline.settings.retention import RetentionSettings

# What a blessed model can't do without, even where another has taken its place.
_OF_A_MODEL = ("Model", "ModelEvaluation", "ModelBlessing")
# TFX's own folder in that of each step: empty once the step has ended.
_SYSTEM = ".system"


# What `flowers clean` leaves if nothing else is said.
_NEWEST = RetentionSettings(runs=1)


def clean(root: Path, dry_run: bool, retention: RetentionSettings = _NEWEST) -> None:
    """Removes the artifacts of old runs, and what killed ones left; says what and how much.

    What stays: all of the runs that `retention` names, of the newest finished one and of those
    after it; all of each run whose model serves, is kept or was withdrawn; model, evaluation and
    verdict of any blessed one; what the next span is compared with; and the history. ML Metadata
    notes what is gone.

    Args:
      root: folder of `flowers run`.
      dry_run: only say it.
      retention: a run stays that is among the newest `runs` and no older than `days`.

    Raises:
      UsageError: there are no runs, or one is going on.
    """
    if not (root / METADATA_FILE).exists():
        raise UsageError(f"--root: {root} holds no runs, so there is nothing to clean")
    with locked(root):
        store = open_store(root)
        _check_place(root, store)
        needed = _needed(root, store, retention)
        doomed = _doomed(root, needed) + _abandoned_trainings(root)
        for line in _in_words(root, doomed):
            print_line(line)
        freed = sum(map(_size, doomed))
        if dry_run:
            print_line(f"Would free {format_size(freed)}; nothing was removed.")
            return
        _remove(store, doomed)
        print_line(f"Freed {format_size(freed)}.")


def _check_place(root: Path, store: MetadataStore) -> None:
    """Makes sure that the root is where ML Metadata says: else nothing in it would seem needed.

    Raises:
      UsageError: it was moved, or is reached by another path.
    """
    here = f"{root / 'artifacts'}/"
    places = [artifact.uri for artifact in store.get_artifacts() if "/artifacts/" in artifact.uri]
    if places and not any(uri.startswith(here) for uri in places):
        raise UsageError(
            f"--root: its runs were under {places[0].partition('/artifacts/')[0]}, and not under "
            f"{root}; name that path, or leave a root that was moved as it is"
        )


def _needed(root: Path, store: MetadataStore, retention: RetentionSettings) -> set[str]:
    """Returns the URIs of the artifacts that stay."""
    now = datetime.datetime.now(datetime.UTC)
    served = {*served_versions(root / "serving"), *withdrawn_versions(root / "serving")}
    runs = History(root).runs()
    uris = set(spans_to_compare(runs))
    finished = 0
    for run in runs:
        days = (now - datetime.datetime.fromisoformat(run.started)).total_seconds() / 86400
        retained = finished < (retention.runs or math.inf) and days <= (retention.days or math.inf)
        whole = not finished or retained or bool(run.versions & served)
        uris.update(_outputs(store, run, whole))
        finished += run.finished
    return uris


def _outputs(store: MetadataStore, run: Run, whole: bool) -> Iterable[str]:
    """Returns the URIs of what a run made or took from the cache, or of what its model needs."""
    blessed = bool(run.verdict and run.verdict["blessed"])
    context = store.get_context_by_type_and_name("pipeline_run", run.pipeline_run_id or run.run_id)
    if context is None or not (whole or blessed):
        return []
    executions = [execution.id for execution in store.get_executions_by_context(context.id)]
    made = (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT)
    events = store.get_events_by_execution_ids(executions) if executions else []
    artifacts = store.get_artifacts_by_id([e.artifact_id for e in events if e.type in made])
    return [artifact.uri for artifact in artifacts if whole or artifact.type in _OF_A_MODEL]


def _doomed(root: Path, needed: set[str]) -> list[Path]:
    """Returns the folders that go: `artifacts/<step>/<output>/<execution>`, and half pushes."""
    outputs = [path for path in root.glob("artifacts/*/*/*") if path.parent.name != _SYSTEM]
    doomed = [path for path in outputs if str(path) not in needed]
    doomed += root.glob(f"artifacts/*/{_SYSTEM}/*/*")
    return sorted(doomed) + unfinished_pushes(root / "serving")


def _abandoned_trainings(root: Path) -> list[Path]:
    """Returns the states of trainings that were last saved before the newest finished run began."""
    newest = History(root).newest_finished()
    began = datetime.datetime.fromisoformat(newest.started).timestamp() if newest else 0
    return [path for path in root.glob("checkpoints/*") if path.stat().st_mtime < began]


def _in_words(root: Path, doomed: list[Path]) -> Iterator[str]:
    by_output: dict[Path, list[Path]] = defaultdict(list)
    for folder in doomed:
        by_output[folder.parent].append(folder)
    for parent, folders in by_output.items():
        freed = sum(map(_size, folders))
        if freed or _SYSTEM not in parent.parts:
            yield f"{display_path(parent)}: {len(folders)} of them, {format_size(freed)}"
    if not doomed:
        yield f"Everything under {display_path(root)} is needed."


def _remove(store: MetadataStore, doomed: list[Path]) -> None:
    # First the note: a folder without one is found again, a note without a folder would lie.
    gone = {str(folder) for folder in doomed}
    artifacts = [artifact for artifact in store.get_artifacts() if artifact.uri in gone]
    for artifact in artifacts:
        artifact.state = mlmd.Artifact.DELETED
    if artifacts:
        store.put_artifacts(artifacts)
    for folder in doomed:
        shutil.rmtree(folder)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
