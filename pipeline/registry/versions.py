"""`flowers models`, `rollback` and `promote`: the versions, and what people decide about them."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from components.gate.verdict import parse_verdict
from components.model_store.local import (
    current_version,
    model_digest,
    newest_version,
    push,
    served_versions,
    withdraw,
    withdrawn_path,
    withdrawn_versions,
)
from components.pusher.card import facts_of, model_card
from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.history.runs import History, Run
from pipeline.local.root import locked
from pipeline.reporting.evaluation_files import METRICS_FILE
from pipeline.root_files import METADATA_FILE

# TFX's folder of the SavedModel in a Model artifact.
_SERVING_FORMAT = "Format-Serving"


class Model(BaseModel):
    """A version.

    Attributes:
      version: its number.
      state: whether it serves, waits as an older version, or was withdrawn.
      run_id: the run that trained it; null where the history has none.
      pushed: when, ISO 8601; the start of that run.
      metric, value, low, high, n: the verdict's.
      spans: of the data.
      promoted: why a person had it pushed, or null.
      digest: of its files.
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

    def format_line(self) -> str:
        """Returns what `flowers models` shows of it."""
        figures = "no run in the history"
        if self.value is not None:
            interval = f"({self.low:.3f} to {self.high:.3f}, {self.n} images)"
            figures = f"{self.metric} {self.value:.3f} {interval}"
        spans = f", span {format_list(self.spans)}" if self.spans else ""
        promoted = f", promoted: {self.promoted}" if self.promoted else ""
        start = f"{self.version:>4}  {self.state:<9}  {self.run_id or '':<18}"
        return f"{start}  {figures}{spans}, digest {self.digest[:12]}{promoted}"


def list_models(root: Path) -> list[Model]:
    """Returns all versions under a root, newest first."""
    serving, runs = root / "serving", History(root).runs()
    newest = newest_version(serving)
    kept = {
        v: (serving / str(v), "serves" if v == newest else "kept") for v in served_versions(serving)
    }
    gone = {v: (withdrawn_path(serving, v), "withdrawn") for v in withdrawn_versions(serving)}
    return [
        _model(version, path, state, run_of(runs, version, model_digest(path)))
        for version, (path, state) in sorted({**kept, **gone}.items(), reverse=True)
    ]


def run_of(runs: Sequence[Run], version: int, digest: str) -> Run | None:
    """Returns the oldest run that names a version and whose model it is; None if there is none.

    The number alone says too little: where a version was deleted by hand, it is given again.
    """
    return next((r for r in reversed(runs) if version in r.versions and r.made(digest)), None)


def roll_back(root: Path, version: int | None, reason: str) -> list[int]:
    """Withdraws the newest versions, so that an older one serves; returns those, newest first.

    A model that was withdrawn is not pushed again, except by `promote`.

    Args:
      root: of the runs.
      version: that is to serve; None for the one before the newest.
      reason: for ML Metadata.

    Raises:
      UsageError: there is no such version, or it serves already.
    """
    _check_root(root)
    with locked(root):
        serving = root / "serving"
        versions = served_versions(serving)
        if version is None:
            version = versions[-2] if len(versions) > 1 else None
        if version not in versions[:-1]:
            older = format_list([str(v) for v in reversed(versions[:-1])]) or "none"
            serves = versions[-1] if versions else "none"
            raise UsageError(
                f"there is no version {version if version else 'before the newest'} to roll back "
                f"to: {serves} serves, and these are older: {older}"
            )
        taken_back = withdraw(serving, version)
        words = format_list([str(v) for v in taken_back])
        _record(
            root, "flowers.Rollback", {"version": version, "withdrawn": words, "reason": reason}
        )
        return taken_back


def promote(root: Path, run_id: str, reason: str) -> int:
    """Pushes the model of a run, whatever its verdict says; returns the version.

    Args:
      root: of the runs.
      run_id: of the history.
      reason: for history, model card and ML Metadata.

    Raises:
      UsageError: there is no such run, its model is gone or changed, or it serves already.
    """
    _check_root(root)
    with locked(root):
        history = History(root)
        run = history.find(run_id, lambda run: bool(run.verdict and run.model_uri), "with a model")
        model = Path(str(run.model_uri)) / _SERVING_FORMAT
        digest = str((run.verdict or {})["digest"])
        if not model.is_dir() or model_digest(model) != digest:
            raise UsageError(
                f"the model of run {run_id} is gone, or no longer what was evaluated: {model}"
            )
        serves = current_version(root / "serving")
        # One that was killed before it was noted is finished now.
        if serves.digest == digest and serves.version in run.versions:
            raise UsageError(f"run {run_id}: its model serves already, as version {serves.version}")
        pushed = push(model, root / "serving", card=_card(history, run, reason), again=True)
        run.promoted, run.reason = pushed.version, reason
        history.save(run)
        _record(
            root, "flowers.Promote", {"version": pushed.version, "run": run_id, "reason": reason}
        )
        return pushed.version


def _model(version: int, path: Path, state: str, run: Run | None) -> Model:
    values = {"version": version, "state": state, "digest": model_digest(path)}
    if run:
        verdict = run.verdict or {}
        values |= {key: verdict.get(key) for key in ("metric", "value", "low", "high", "n")}
        values |= {"run_id": run.run_id, "pushed": run.started, "spans": run.spans}
        values["promoted"] = run.reason if run.promoted == version else None
    return Model.model_validate(values)


def _check_root(root: Path) -> None:
    if not (root / METADATA_FILE).exists():
        raise UsageError(f"--root: {root} holds no runs")


def _card(history: History, run: Run, reason: str) -> str:
    verdict = parse_verdict(run.verdict or {})
    metrics = json.loads((history.folder(run.run_id) / METRICS_FILE).read_text())
    facts = facts_of(run.settings, run.run_id, run.spans, run.class_names, run.warm_start)
    facts["promoted by a person"] = reason
    return model_card(verdict, metrics, facts)


def _record(root: Path, kind: str, properties: dict[str, str | int]) -> None:
    # ML Metadata takes a second to import.
    from pipeline.history.mlmd import record

    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    record(root, kind, {**properties, "at": now}, current_version(root / "serving").path)
