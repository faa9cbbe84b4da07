"""A root that was written in format 1 of the history keeps working."""

import json
import shutil
from pathlib import Path

import pytest

from components.model_store.base import model_digest
from components.model_store.local import LocalStore
from data.common.errors import UsageError
from pipeline.cli.models import rollback
from pipeline.history.mlmd import open_store
from pipeline.history.runs import History, newest_finished
from pipeline.inference.input_images import read_images
from pipeline.inference.predict import PushedModel, predict
from pipeline.local.plan import find_records, make_plan, reasons_to_run
from pipeline.local.root import check_root
from pipeline.local.selection import EVERYTHING
from pipeline.local.warm_start import find_warm_start
from pipeline.registry.versions import list_models
from pipeline.settings.loading import load_settings

FIXTURES = Path(__file__).parent / "history" / "fixtures"


@pytest.fixture
def old_root(root, tmp_path):
    """Two served versions, a run of format 1 that pushed the first, and one that was refused."""
    for version in ("1", "2"):
        served = tmp_path / "serving" / version
        shutil.copytree(root / "serving" / "1", served)
        (served / "assets" / "note.txt").parent.mkdir(exist_ok=True)
        (served / "assets" / "note.txt").write_text(version)
    open_store(tmp_path).get_artifacts()
    for name in ("pushed", "refused"):
        text = (FIXTURES / f"run_format_1_{name}.json").read_text()
        values = json.loads(text.replace("ROOT", str(tmp_path)))
        if name == "pushed":
            values["digest"] = model_digest(tmp_path / "serving" / "1")
            values["verdict"]["digest"] = values["digest"]
            weights = Path(values["model_uri"], "Format-Keras", "weights.h5")
            weights.parent.mkdir(parents=True)
            weights.write_text("weights", encoding="utf-8")
        folder = tmp_path / "history" / values["run_id"]
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(values))
    return tmp_path


def test_runs_and_models_are_listed(old_root):
    refused, pushed = History(old_root).runs()
    assert (refused.state, pushed.state, pushed.pushed) == ("refused", "pushed", 1)
    assert refused.verdict.target == 0.99
    newest, oldest = list_models(old_root)
    assert (newest.version, newest.state) == (2, "serves")
    assert (oldest.version, oldest.run_id) == (1, pushed.run_id)


def test_the_serving_model_predicts(old_root, picture, tmp_path):
    (tmp_path / "red.png").write_bytes(picture(0))
    (answer,) = predict(PushedModel(old_root), read_images([tmp_path / "red.png"]))
    assert answer["label"] == "red"


def test_a_rollback_works_and_no_warm_start_begins_with_a_model_without_a_record(old_root, capsys):
    rollback(None, old_root, "a test")
    assert "withdrawn: version 2" in capsys.readouterr().out
    assert "Version 1 serves." in (old_root / "index.html").read_text(encoding="utf-8")
    serving = LocalStore(old_root / "serving").current_version()
    assert serving.version == 1
    settings = load_settings("quickstart", ["model.warm_start=serving"])
    with pytest.raises(UsageError, match="version 1 does not record which images it has seen"):
        find_warm_start(settings, {}, serving, History(old_root).runs())


def test_the_next_run_says_why_it_runs_again(old_root):
    overrides = [
        "trainer.epochs=3", "trainer.seed=1", "gate.target=0.99", "gate.max_loss=1",
        "gate.min_examples=1", "gate.significance=0.000001", "transform.image_size=32",
        # The quickstart of that time.
        "trainer.batch_size=32",
        "trainer.learning_rate={start: 0.001, ramp_epochs: 1, hold_epochs: 6, decay: 0.75}",
    ]  # fmt: skip
    settings, runs = load_settings("quickstart", overrides), History(old_root).runs()
    check_root(old_root, settings.name, runs)
    plan = make_plan(settings, "quickstart", old_root, EVERYTHING, find_records(settings), runs)
    reasons = reasons_to_run(plan, newest_finished(runs))
    assert reasons["Trainer"] == "its code changed"
    assert "its code changed" in reasons["Gate"]
    assert "gate.target" not in " ".join(reasons.values())
