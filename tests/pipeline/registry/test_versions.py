"""Versions under a root: which are listed, how they are promoted and withdrawn, and who knows."""

import json
import shutil

import pytest

from components.gate.verdict import Verdict
from components.lite.result import LiteResult
from components.model_store.base import model_digest
from components.model_store.exports import file_digest
from components.model_store.local import LocalStore
from components.serving_check.result import ServingCheckResult
from data.common.errors import UsageError
from pipeline.cli.models import models, promote, rollback
from pipeline.history.mlmd import open_store
from pipeline.history.runs import History
from pipeline.inference.input_images import read_images
from pipeline.inference.predict import PushedModel, predict
from pipeline.registry.lineage import find_changes, find_run, format_lineage
from pipeline.settings.loading import load_settings

METRICS = {"macro": dict.fromkeys(("precision", "recall", "f1"), 0.5), "classes": {}}
METRICS["calibration"] = {"error": 0.1}


@pytest.fixture
def two_versions(root, tmp_path, write_run):
    """A root with two pushed versions, the runs that trained them, and their models."""
    for version in (1, 2):
        model = tmp_path / f"model-{version}" / "Format-Serving"
        shutil.copytree(root / "serving" / "1", model)
        (model / "assets").mkdir(exist_ok=True)
        (model / "assets" / "note.txt").write_text(str(version))
        shutil.copytree(model, tmp_path / "serving" / str(version))
        write_run(tmp_path, ["red", "green", "blue"], version)
    history = History(tmp_path)
    for run in history.runs():
        model = tmp_path / f"model-{run.pushed}"
        run.model_uri, run.digest = str(model), model_digest(model / "Format-Serving")
        run.verdict = Verdict(True, "accuracy", 0.9, 0.8, 1.0, 0.8, 10, [], digest=run.digest)
        run.settings = load_settings("quickstart", []).model_dump(mode="json")
        history.save(run)
        (history.folder(run.run_id) / "metrics.json").write_text(json.dumps(METRICS))
    open_store(tmp_path).get_artifacts()
    return tmp_path


def run_of_version(root, version):
    return next(run for run in History(root).runs() if run.pushed == version)


def lineage_changes(root, version):
    """Returns what `flowers lineage` says about promotions and rollbacks, without the dates."""
    changes = find_changes(root, version)
    lines = list(format_lineage(find_run(root, version), version, changes))
    return [line.split("  ")[2] for line in lines[1 : lines.index("")]]


# TensorFlow Serving would serve the first three; the others are digits only in Unicode.
@pytest.mark.parametrize("name", ["007", " 3", "0", "1.5", "²", "٣"])
def test_a_folder_whose_name_is_no_version_disturbs_no_command(two_versions, capsys, name, picture):
    shutil.copytree(two_versions / "serving" / "1", two_versions / "serving" / name)
    models(two_versions)
    shown = capsys.readouterr()
    assert [line.split()[:2] for line in shown.out.splitlines()] == [["2", "serves"], ["1", "kept"]]
    told = f"{two_versions}/serving/{name} is not a version, but TensorFlow Serving" in shown.err
    assert told == (name in ("007", " 3", "0"))
    (two_versions / "red.png").write_bytes(picture(0))
    (answer,) = predict(PushedModel(two_versions), read_images([two_versions / "red.png"]))
    assert answer["label"] == "red"


def test_a_promotion_writes_the_tensorflow_lite_file_that_was_judged_and_no_other(
    two_versions, tmp_path, monkeypatch
):
    history = History(two_versions)
    run = run_of_version(two_versions, 1)
    checked = tmp_path / "checked"
    checked.mkdir()
    (checked / "model.tflite").write_text("lite")
    store = LocalStore(two_versions / "serving")
    # Without a serving check, a file in the current folder is nobody's.
    monkeypatch.chdir(checked)
    promote(run.run_id, "why", two_versions)
    assert store.exports.digest(3) == ""
    promote(run_of_version(two_versions, 2).run_id, "why", two_versions)

    run = run_of_version(two_versions, 1)
    run.artifacts = {"ServingCheck": {"blessing": str(checked)}}
    judged = LiteResult("int8", digest=file_digest(str(checked / "model.tflite")), n=1)
    run.serving_check = ServingCheckResult([], 1, lite=judged)
    history.save(run)
    promote(run.run_id, "why", two_versions)
    assert store.exports.digest(5) == judged.digest
    card = (two_versions / "serving" / "5" / "MODEL_CARD.md").read_text()
    assert "TensorFlow Lite, int8: 0.00 MB" in card
    (checked / "model.tflite").unlink()
    promote(run_of_version(two_versions, 2).run_id, "why", two_versions)
    with pytest.raises(UsageError, match=r"model\.tflite is missing, or is not the"):
        promote(run.run_id, "why", two_versions)


def test_runs_and_lineage_show_promotions_and_withdrawals(two_versions):
    second = run_of_version(two_versions, 2)
    rollback(None, two_versions, "complaints")
    assert lineage_changes(two_versions, 2) == ["withdrawn, so that version 1 serves: complaints"]
    promote(second.run_id, "the complaints were wrong", two_versions)
    expected = "serves again, as version 2 was withdrawn: complaints"
    assert lineage_changes(two_versions, 1) == [expected]
    assert lineage_changes(two_versions, 3) == ["promoted: the complaints were wrong"]
    run = next(run for run in History(two_versions).runs() if run.run_id == second.run_id)
    assert run.format_line().endswith(
        "version 2; promoted as version 3: the complaints were wrong; version 2 was withdrawn"
    )


def test_a_rollback_with_nothing_to_do_says_so(two_versions):
    rollback(None, two_versions)
    with pytest.raises(UsageError, match="nothing to roll back: version 1 serves, and there is no"):
        rollback(None, two_versions)
    shutil.rmtree(two_versions / "serving" / "1")
    with pytest.raises(UsageError, match="nothing to roll back: no version serves"):
        rollback(None, two_versions)


def test_a_promotion_without_a_run_names_the_runs_or_says_that_there_is_nothing(two_versions):
    first, second = (run_of_version(two_versions, version) for version in (1, 2))
    with pytest.raises(UsageError, match=f"does not serve are: {first.run_id}$"):
        promote(root=two_versions)
    with pytest.raises(UsageError, match="--reason is missing"):
        promote(first.run_id, root=two_versions)
    shutil.rmtree(two_versions / "history" / first.run_id)
    with pytest.raises(UsageError, match=r"nothing to promote: .* has no run whose model does not"):
        promote(root=two_versions)
    shutil.rmtree(two_versions / "history" / second.run_id)
    with pytest.raises(UsageError, match="nothing to promote"):
        promote(root=two_versions)
