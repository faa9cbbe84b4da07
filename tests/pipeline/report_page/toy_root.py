"""A root with runs in all states, versions that people changed, and hostile names."""

from pathlib import Path

from components.model_store.base import model_digest
from pipeline.evaluation.result import Accuracy, Evaluation
from pipeline.history import mlmd
from pipeline.history.run import Run, Step
from pipeline.history.runs import History
from pipeline.root_files import EVALUATION_FILE, EVALUATIONS_FOLDER, METADATA_FILE
from pipeline.steps import STEPS
from tests.pipeline.report_page.toy_run import write_toy_run

# The ids of two runs with a model, to compare.
FIRST, SECOND = "20261101-030000", "20261102-030000"
EVALUATION = "20261109-030000"
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
    for day, state in ((5, "failed"), (6, "data refused"), (7, "interrupted"), (8, "running")):
        _write_unfinished(root, day, state)
    _record_changes(root)
    _write_evaluation(root)
    return History(root).runs()


def _id(day: int) -> str:
    return f"202611{day:02d}-030000"


def _at(day: int, **fields: object) -> dict[str, object]:
    return {"started": f"2026-11-{day:02d}T03:00:00+00:00", **fields}


def _settings(root: Path, epochs: int) -> dict[str, object]:
    (run,) = History(root).runs()
    run.settings["trainer"]["epochs"] = epochs  # type: ignore[index, call-overload]
    return run.settings


def _write_unfinished(root: Path, day: int, state: str) -> None:
    """Writes the history of a run that ended after ExampleGen."""
    history = History(root)
    newest = history.runs()[0]
    stopped = {"running": "running", "interrupted": "interrupted"}.get(state, "failed")
    steps = [Step(name=name, state="skipped") for name in STEPS]
    steps[0].state, steps[4].state = "done", stopped
    fields = {
        "run_id": _id(day), "state": state, "steps": steps, "verdict": None, "pushed": None,
        "promoted": None, "reason": None, "training": None, "serving_check": None, "digest": None,
        "artifacts": {"ExampleGen": newest.artifacts["ExampleGen"]},
        "error": "ValueError: <script>alert(2)</script>\nsecond line" if day < 7 else None,
    }  # fmt: skip
    run = newest.model_copy(update=_at(day, **fields))
    history.folder(run.run_id).mkdir()
    history.save(run)


def _record_changes(root: Path) -> None:
    """Records a rollback and a promotion, whose version serves."""
    (root / METADATA_FILE).touch()
    mlmd.record(
        root, "flowers.Rollback",
        {"version": 2, "withdrawn": "1", "reason": REASON, "at": "2026-11-02T12:00:00+00:00"}, "",
    )  # fmt: skip
    mlmd.record(
        root, "flowers.Promote",
        {"version": 3, "run": _id(4), "reason": REASON, "at": "2026-11-04T12:00:00+00:00"}, "",
    )  # fmt: skip
    model = root / "serving" / "3"
    model.mkdir(parents=True)
    (model / "saved_model.pb").write_text("a model")
    (run,) = (run for run in History(root).runs() if run.promoted)
    run.digest = model_digest(model)
    History(root).save(run)


def _write_evaluation(root: Path) -> None:
    """Writes the result of an evaluation of version 3; the model has seen 20 of the images."""
    result = Evaluation(
        evaluation_id=EVALUATION, started="2026-11-09T03:00:00+00:00",
        data="<script>alert(3)</script>/photos", version=3, run_id=_id(4), digest="",
        class_names=[], all=Accuracy.of(60, 80), unseen=Accuracy.of(42, 60), target=0.8,
        passed=False,
    )  # fmt: skip
    folder = root / EVALUATIONS_FOLDER / result.evaluation_id
    folder.mkdir(parents=True)
    (folder / EVALUATION_FILE).write_text(result.model_dump_json(), encoding="utf-8")
    (folder / "report.html").write_text("<title>the report of an evaluation</title>")
