"""`flowers models`, `rollback` and `promote`: lists the versions and changes which one serves."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from components.artifacts import SERVING_FORMAT
from components.gate.verdict import METRICS_FILE
from components.lite.result import LITE_FILE
from components.model_store.base import ServedVersion, model_digest
from components.model_store.exports import EXPORTS, judged_file
from components.model_store.local import LocalStore
from components.pusher.card import collect_facts, format_model_card
from data.common.errors import UsageError
from data.common.formatting import format_list, shell_word
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.local.lock import locked
from pipeline.root_files import METADATA_FILE, SERVING_FOLDER

if TYPE_CHECKING:
    from pipeline.history.mlmd import ChangeKind


class Model(BaseModel):
    """A version, as `flowers models --json` prints it.

    Attributes:
      version: Number of the version.
      state: Whether it serves, is kept as an older version, or was withdrawn.
      run_id: Id of the run that trained it; null if it is not in the history.
      pushed: Start of that run, in ISO 8601.
      metric, value, low, high, n: The fields of the verdict.
      spans: Names of the spans of the data.
      promoted: The reason why a person promoted it, or null.
      digest: Digest of its files.
      exports: Names of its files in `exports/<version>/`.
    """

    version: int
    state: Literal["serves", "kept", "withdrawn"]
    run_id: str | None = None
    pushed: str | None = None
    metric: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    spans: list[str] = []
    promoted: str | None = None
    digest: str
    exports: list[str] = []

    def format_line(self) -> str:
        """Returns the line that `flowers models` prints."""
        figures = "no run in the history"
        if self.value is not None:
            interval = f"({self.low:.3f} to {self.high:.3f}, {self.n} images)"
            figures = f"{self.metric} {self.value:.3f} {interval}"
        spans = f", span {format_list(self.spans)}" if self.spans else ""
        promoted = f", promoted: {self.promoted}" if self.promoted else ""
        start = f"{self.version:>4}  {self.state:<9}  {self.run_id or '':<18}"
        exports = "".join(f", {EXPORTS}/{self.version}/{name}" for name in self.exports)
        return f"{start}  {figures}{spans}, digest {self.digest[:12]}{exports}{promoted}"


def list_models(root: Path) -> list[Model]:
    """Returns all versions under a root, newest first."""
    store, runs = LocalStore(root / SERVING_FOLDER), History(root).runs()
    newest = store.newest_version()
    found = [(v, "serves" if v.version == newest else "kept") for v in store.served()]
    found += [(v, "withdrawn") for v in store.withdrawn()]
    found.sort(key=lambda item: item[0].version, reverse=True)
    return [
        _model(v, state, run_of(runs, v.version, v.digest), bool(store.exports.digest(v.version)))
        for v, state in found
    ]


def misread_folders(root: Path) -> list[Path]:
    """Returns the folders that only TensorFlow Serving reads as versions."""
    serving = root / SERVING_FOLDER
    return [serving / name for name in LocalStore(serving).misread()]


def run_of(runs: Sequence[Run], version: int, digest: str) -> Run | None:
    """Returns the oldest run that names a version and trained its model; None if there is none.

    The number alone is not enough: if a version was deleted by hand, its number is used again.
    """
    return next((r for r in reversed(runs) if version in r.versions and r.has_digest(digest)), None)


def roll_back(root: Path, version: int | None, reason: str) -> list[int]:
    """Withdraws the newest versions, so that an older one serves; returns them, newest first.

    Only `promote` pushes a withdrawn model again. Without a `version`, the predecessor of the
    serving version serves. The reason is for ML Metadata.

    Raises:
      UsageError: There is no such version, or it already serves, or there is no older one.
    """
    _check_root(root)
    with locked(root):
        store = LocalStore(root / SERVING_FOLDER)
        version = _rollback_target(store.served_versions(), version)
        withdrawn = store.withdraw_above(version)
        _note_withdrawn(root, store, withdrawn)
        text = ", ".join(map(str, withdrawn))
        _record(root, "flowers.Rollback", {"version": version, "withdrawn": text, "reason": reason})
        return withdrawn


def promote(root: Path, run_id: str, reason: str) -> int:
    """Pushes the model of a run, regardless of its verdict; returns the number of the version.

    The reason is for the history, the model card and ML Metadata.

    Raises:
      UsageError: There is no such run; its model or its TensorFlow Lite file is missing or has
        changed; or the model already serves.
    """
    _check_root(root)
    with locked(root):
        history = History(root)
        run = history.find(run_id, lambda run: bool(run.verdict and run.model_uri), "with a model")
        model = Path(str(run.model_uri)) / SERVING_FORMAT
        assert run.verdict
        digest = run.verdict.digest
        if not model.is_dir() or model_digest(model) != digest:
            raise UsageError(f"the model of run {run_id} is missing or has changed: {model}")
        store = LocalStore(root / SERVING_FOLDER)
        current = store.current_version()
        # A promotion that was killed before the history was saved is completed now.
        if current.digest == digest and current.version in run.versions:
            raise UsageError(f"run {run_id}: its model already serves as version {current.version}")
        card, lite = _card(history, run, reason), _lite_file(run)
        pushed = store.push(model, card=card, lite=lite, again=True)
        run.promoted, run.reason = pushed.version, reason
        history.save(run)
        facts: dict[str, str | int] = {"version": pushed.version, "run": run_id, "reason": reason}
        _record(root, "flowers.Promote", facts)
        return pushed.version


def promotable(root: Path) -> list[str]:
    """Returns the ids of the runs whose model can be promoted, newest first: it does not serve.

    Raises:
      UsageError: There are no runs.
    """
    _check_root(root)
    serving = LocalStore(root / SERVING_FOLDER).current_version()
    return [
        run.run_id
        for run in History(root).runs()
        if run.verdict and run.model_uri and run.verdict.digest != serving.digest
    ]


def _rollback_target(versions: Sequence[int], version: int | None) -> int:
    """Returns the version to roll back to: `version`, or the predecessor of the serving one."""
    if not versions:
        raise UsageError("nothing to roll back: no version serves")
    *older, serving = versions
    if not older:
        raise UsageError(
            f"nothing to roll back: version {serving} serves, and there is no older one"
        )
    if version is None:
        return older[-1]
    if version in older:
        return version
    raise UsageError(
        f"there is no version {version} to roll back to: version {serving} serves, and the older "
        f"versions are: {format_list([str(v) for v in reversed(older)])}"
    )


def _note_withdrawn(root: Path, store: LocalStore, numbers: Sequence[int]) -> None:
    """Notes in the history that the versions of some runs were withdrawn."""
    history = History(root)
    runs = history.runs()
    for version in store.withdrawn():
        run = run_of(runs, version.version, version.digest)
        if version.version in numbers and run:
            run.withdrawn = version.version
            history.save(run)


def _model(version: ServedVersion, state: str, run: Run | None, exported: bool) -> Model:
    values: dict[str, Any] = {
        "version": version.version,
        "state": state,
        "digest": version.digest,
        "exports": [LITE_FILE] if exported else [],
    }
    if run:
        metrics = ("metric", "value", "low", "high", "n")
        values |= {name: getattr(run.verdict, name, None) for name in metrics}
        values |= {"run_id": run.run_id, "pushed": run.started, "spans": run.spans}
        values["promoted"] = run.reason if run.promoted == version.version else None
    return Model.model_validate(values)


def _check_root(root: Path) -> None:
    if not (root / METADATA_FILE).exists():
        command = f"flowers run --root {shell_word(str(root))}"
        raise UsageError(f"--root: {root} holds no runs; `{command}` starts one")


def _card(history: History, run: Run, reason: str) -> str:
    assert run.verdict
    metrics = json.loads((history.folder(run.run_id) / METRICS_FILE).read_text(encoding="utf-8"))
    facts = collect_facts(run.settings, run.run_id, run.spans, run.class_names, run.warm_start)
    facts["promoted"] = reason
    return format_model_card(run.verdict, metrics, facts, run.lite)


def _lite_file(run: Run) -> str:
    """Returns the path of a run's TensorFlow Lite file; empty if it has none."""
    try:
        return judged_file(run.artifacts.get("ServingCheck", {}).get("blessing", ""), run.lite)
    except RuntimeError as error:
        raise UsageError(f"run {run.run_id}: {error}") from error


def _record(root: Path, kind: "ChangeKind", properties: dict[str, str | int]) -> None:
    # ML Metadata takes a second to import.
    from pipeline.history.mlmd import record

    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    current = LocalStore(root / SERVING_FOLDER).current_version()
    record(root, kind, {**properties, "at": now}, current.path)
