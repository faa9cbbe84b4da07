"""Versions of a model: refused in comparison with the serving one, promoted, rolled back."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.model_store.base import model_digest
from data.synthetic import write_sample
from pipeline.history.mlmd import open_store

pytestmark = pytest.mark.slow

TOY = ["transform.image_size=32", "trainer.epochs=10", "trainer.batch_size=16"]
TOY += ["gate.min_examples=1"]
# Many test images, so that a comparison can be significant.
TOY += ["gate.target=0.1", "data.splits={train: 2, eval: 1, test: 1}"]
TOY += ["push.formats=[saved_model, tflite]", "push.tflite=int8", "push.tflite_max_loss=0.2"]
# A model that learns nothing.
WORSE = ["trainer.learning_rate={start: 0, peak: 1.0e-9, end: 0}", "trainer.epochs=1"]
REASON = "the customer insists"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def run(flowers: Callable, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable:
    data = tmp_path_factory.mktemp("data")
    write_sample(data, count=320, shards=2, pixels=32)

    def run_with(*settings: str) -> Any:
        given = [option for setting in [*TOY, *settings] for option in ("--set", setting)]
        return flowers("run", "--data", data, "--root", root, *given)

    return run_with


@pytest.fixture
def newest(flowers: Callable, root: Path) -> Callable:
    return lambda: flowers("runs", "--root", root, "--json").json()[0]


@pytest.fixture
def states(flowers: Callable, root: Path) -> Callable:
    """Returns a function that reads the states of all versions."""

    def read() -> dict[int, str]:
        found = flowers("models", "--root", root, "--json").json()
        return {model["version"]: model["state"] for model in found}

    return read


def exported(root: Path) -> list[str]:
    return sorted(path.parent.name for path in root.glob("exports/*/model.tflite"))


def test_a_model_is_pushed_with_its_card_and_evaluation(run, root, newest):
    answer = run()
    assert answer.code == 0, answer.out
    entry = newest()
    verdict = entry["verdict"]
    assert verdict["digest"] == model_digest(root / "serving" / "1")
    card = (root / "serving" / "1" / "MODEL_CARD.md").read_text()
    assert f"accuracy {verdict['value']:.3f} on {verdict['n']} test images" in card
    folder = root / "history" / entry["run_id"]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert np.trace(metrics["confusion"]) == round(verdict["value"] * verdict["n"])
    for name in ("classes.csv", "confusion.csv", "confusion.png", "calibration.png"):
        assert (folder / name).stat().st_size > 0
    (table,) = root.glob("artifacts/Predictions/predictions/*/predictions.parquet")
    predictions = pq.read_table(table).to_pandas().query("split == 'test'")
    right = np.stack(predictions["probabilities"]).argmax(axis=1) == predictions["class"]
    assert right.sum() == np.trace(metrics["confusion"])


def test_a_tensorflow_lite_file_of_the_version_is_exported_and_answers_like_it(
    flowers, run, root, newest, tmp_path
):
    file = root / "exports" / "1" / "model.tflite"
    lite = newest()["serving_check"]["lite"]
    assert (lite["precision"], lite["n"]) == ("int8", newest()["verdict"]["n"])
    assert lite["model_accuracy"] == newest()["verdict"]["value"]
    assert lite["megabytes"] == file.stat().st_size / 1e6
    words = f"TensorFlow Lite, int8: {lite['megabytes']:.2f} MB, accuracy {lite['accuracy']:.3f}"
    assert words in (root / "serving" / "1" / "MODEL_CARD.md").read_text()
    assert words in "".join(check["words"] for check in newest()["verdict"]["checks"])
    assert words in (root / "history" / newest()["run_id"] / "report.html").read_text()
    (model,) = flowers("models", "--root", root, "--json").json()
    assert model["exports"] == ["model.tflite"]

    write_sample(tmp_path / "other", count=40, shards=1, pixels=32)
    served = flowers("predict", "--root", root, "--json", tmp_path / "other").json()
    found = flowers("predict", "--tflite", file, "--json", tmp_path / "other").json()
    assert [r["path"] for r in found] == [r["path"] for r in served]
    assert sum(a["label"] == b["label"] for a, b in zip(found, served, strict=True)) > 30

    assert "Nothing to do" in run().out
    file.unlink()
    again = run()
    assert again.code == 0, again.out
    assert "version 1 already serves this model, with exports/1/model.tflite" in again.out
    assert lite["megabytes"] == file.stat().st_size / 1e6


def test_a_worse_model_is_refused_even_above_the_target(flowers, run, root, newest):
    answer = run(*WORSE, "gate.target=0")
    assert answer.code == 3, answer.out
    verdict = newest()["verdict"]
    assert verdict["value"] >= verdict["target"]
    assert verdict["baseline"]["version"] == 1
    assert any("significantly worse than version 1" in reason for reason in verdict["reasons"])
    explained = flowers("gate", "explain", "--root", root).out
    assert "passed  target" in explained
    assert "FAILED  significance" in explained
    assert "version 1" in explained


def test_a_refused_model_can_be_promoted_and_an_unchanged_run_keeps_it(
    flowers, run, root, newest, states
):
    entry = newest()
    answer = flowers("promote", entry["run_id"], "--reason", REASON, "--root", root)
    assert answer.code == 0, answer.err
    assert states() == {2: "serves", 1: "kept"}
    assert REASON in (root / "serving" / "2" / "MODEL_CARD.md").read_text()
    again = run(*WORSE, "gate.target=0")
    assert again.code == 3
    assert f"Its model was promoted as version 2: {REASON}" in again.out
    assert states() == {2: "serves", 1: "kept"}
    twice = flowers("promote", entry["run_id"], "--reason", REASON, "--root", root)
    assert twice.code == 2
    assert "already serves as version 2" in twice.err


def test_a_rollback_withdraws_a_version_and_no_run_pushes_it_again(
    flowers, run, root, newest, states
):
    assert exported(root) == ["1", "2"]
    assert flowers("rollback", "--root", root, "--reason", "complaints").code == 0
    assert states() == {2: "withdrawn", 1: "serves"}
    assert exported(root) == ["1"]
    run(*WORSE, "gate.target=0")
    assert states() == {2: "withdrawn", 1: "serves"}
    # Not even if the gate passes it.
    lenient = ["gate.target=0", "gate.max_loss=1", "gate.significance=1.0e-99"]
    answer = run(*WORSE, *lenient)
    assert answer.code == 3, answer.out
    assert "this model was version 2, which was withdrawn" in answer.out
    assert newest()["verdict"]["blessed"]
    assert states() == {2: "withdrawn", 1: "serves"}
    again = flowers("rollback", "--root", root)
    assert again.code == 2
    assert "nothing to roll back: version 1 serves" in again.err


def test_a_run_of_the_serving_model_pushes_nothing(run, states):
    answer = run()
    assert answer.code == 0, answer.out
    assert states() == {2: "withdrawn", 1: "serves"}


def test_a_promotion_pushes_a_withdrawn_model_as_a_new_version(flowers, root, newest, states):
    runs = flowers("runs", "--root", root, "--json").json()
    refused = next(entry for entry in runs if entry["promoted"] == 2)
    assert flowers("promote", refused["run_id"], "--reason", "again", "--root", root).code == 0
    assert states() == {3: "serves", 1: "kept"}
    assert exported(root) == ["1", "3"]


def test_lineage_describes_how_a_version_was_made(flowers, root, tmp_path):
    answer = flowers("lineage", "1", "--root", root, "--picture", tmp_path / "a.png")
    assert answer.code == 0, answer.err
    for words in ("synthetic00-160.tfrec", "trainer.epochs: 10", "ExampleGen", "PASSED: accuracy"):
        assert words in answer.out
    assert (tmp_path / "a.png").stat().st_size > 10_000
    assert flowers("lineage", "9", "--root", root).code == 2


def test_ml_metadata_records_rollbacks_and_promotions(root):
    store = open_store(root)
    kinds = [store.get_executions_by_type(kind) for kind in ("flowers.Rollback", "flowers.Promote")]
    (rollback,), promotions = kinds
    assert rollback.custom_properties["reason"].string_value == "complaints"
    assert [p.custom_properties["version"].int_value for p in promotions] == [2, 3]
    assert all(p.last_known_state == mlmd.Execution.COMPLETE for p in promotions)


def test_clean_refuses_a_root_under_another_path(flowers, root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    answer = flowers("clean", "--dry-run", "--root", tmp_path / "link")
    assert answer.code == 2
    assert f"its runs were under {root}" in answer.err
    assert flowers("clean", "--dry-run", "--root", root).code == 0


def test_a_refused_model_is_judged_again_when_the_baseline_no_longer_serves(
    flowers, run, root, states
):
    worse = [*WORSE, "gate.target=0", "trainer.seed=1"]
    # Version 3 learned as little, and the model would not be worse than it.
    flowers("rollback", "1", "--root", root)
    assert run(*worse).code == 3
    shutil.rmtree(root / "serving")
    assert run(*worse).code == 0
    assert states()[4] == "serves"


def test_a_manually_deleted_version_is_not_confused_with_the_next_one(flowers, run, root):
    shutil.rmtree(root / "serving" / "4")
    assert run().code == 0
    (model,) = [
        model
        for model in flowers("models", "--root", root, "--json").json()
        if model["state"] == "serves"
    ]
    runs = {entry["run_id"]: entry for entry in flowers("runs", "--root", root, "--json").json()}
    assert runs[model["run_id"]]["settings"]["trainer"]["epochs"] == 10
