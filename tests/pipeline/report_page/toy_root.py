"""A root with runs in all states, versions that people changed, and hostile names."""

from pathlib import Path

from pipeline.history import mlmd
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.root_files import METADATA_FILE
from tests.pipeline.report_page.toy_run import write_toy_run

# The ids of two runs with a model, to compare.
FIRST, SECOND = "20261101-030000", "20261102-030000"
REASON = "the <b>test</b> images are 'wrong' & \"old\""


def write_toy_root(root: Path) -> list[Run]:
    """Writes the runs and returns them, newest first."""
    write_toy_run(root, run_id=FIRST, seed=1, fields=_at(1, pushed=1, withdrawn=1))
    settings = _settings(root, epochs=30)
    write_toy_run(
        root, run_id=SECOND, seed=2,
        fields=_at(2, pushed=2, settings=settings, spans=["span-4"]),
    )  # fmt: skip
    refused = {"state": "refused", "pushed": None}
    write_toy_run(root, run_id=_id(3), seed=3, fields=_at(3, **refused))
    promoted = {"promoted": 3, "reason": REASON}
    write_toy_run(root, run_id=_id(4), seed=4, fields=_at(4, **refused, **promoted))
    ended = {"verdict": None, "artifacts": {}, "pushed": None}
    for day, state in ((5, "failed"), (6, "data refused"), (7, "interrupted"), (8, "running")):
        error = "ValueError: <script>alert(2)</script>\nsecond line" if day < 7 else None
        _write_history_only(root, day, state=state, error=error, **ended)
    _record_changes(root)
    return History(root).runs()


def _id(day: int) -> str:
    return f"202611{day:02d}-030000"


def _at(day: int, **fields: object) -> dict[str, object]:
    return {"started": f"2026-11-{day:02d}T03:00:00+00:00", **fields}


def _settings(root: Path, epochs: int) -> dict[str, object]:
    (run,) = History(root).runs()
    run.settings["trainer"]["epochs"] = epochs  # type: ignore[index, call-overload]
    return run.settings


def _write_history_only(root: Path, day: int, **fields: object) -> None:
    history = History(root)
    values = history.runs()[0].model_copy(update={"run_id": _id(day), **_at(day, **fields)})
    history.folder(values.run_id).mkdir()
    history.save(values)


def _record_changes(root: Path) -> None:
    (root / METADATA_FILE).touch()
    mlmd.record(
        root, "flowers.Rollback",
        {"version": 2, "withdrawn": "1", "reason": REASON, "at": "2026-11-02T12:00:00+00:00"}, "",
    )  # fmt: skip
    mlmd.record(
        root, "flowers.Promote",
        {"version": 3, "run": _id(4), "reason": REASON, "at": "2026-11-04T12:00:00+00:00"}, "",
    )  # fmt: skip
    (root / "serving" / "3").mkdir(parents=True)
