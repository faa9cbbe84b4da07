"""What is known about a run before its records are read."""

from pathlib import Path

import pytest
import tensorflow as tf

from components.gate.verdict import Verdict
from components.lite.result import LiteResult
from components.model_store.local import LocalStore
from components.serving_check.result import ServingCheckResult
from data.common.errors import UsageError
from data.records import encode_example
from pipeline.history.runs import History
from pipeline.local.plan import (
    find_records,
    make_plan,
    new_run,
    nothing_changed,
    reasons_to_run,
)
from pipeline.local.selection import EVERYTHING, Selection
from pipeline.settings.loading import load_settings


@pytest.fixture
def plan(tmp_path):
    """Returns a function that plans a run on records without `labels.txt`."""
    (tmp_path / "records").mkdir()
    with tf.io.TFRecordWriter(str(tmp_path / "records" / "a.tfrec")) as writer:
        writer.write(encode_example(b"x", 0, ["a", "b"], (1, 1)))

    def make(*overrides):
        settings = load_settings("quickstart", overrides, str(tmp_path / "records"))
        root = tmp_path / "root"
        records, runs = find_records(settings), History(root).runs()
        return make_plan(settings, "quickstart", root, EVERYTHING, records, runs)

    return make


def test_a_run_that_ended_before_reading_records_pins_nothing(plan, tmp_path):
    history = History(tmp_path / "root")
    assert plan().classes.names is None
    new_run(history, plan())
    history.mark_dead(history.runs())
    again = plan()
    assert again.classes.names is None
    assert not again.salt_pinned


def accepted(history, plan, names):
    run = new_run(history, plan)
    run.class_names, run.quarantine = names, "q"
    run.inputs["data.split_salt"] = "7"
    run.step("DataGate").state = "done"
    history.save(run)
    return run


def test_accepted_data_pins_classes_and_salt_unless_settings_override_them(plan, tmp_path):
    accepted(History(tmp_path / "root"), plan(), ["b", "a"])
    assert (plan().classes.names, plan().split_salt) == (["b", "a"], "7")
    other = plan("data.classes=[x, y]", "data.split_salt=8")
    assert (other.classes.names, other.split_salt) == (["x", "y"], "8")


def test_the_sample_pins_nothing(plan, tmp_path):
    run = accepted(History(tmp_path / "root"), plan(), ["b", "a"])
    run.settings["data"]["source"] = "sample"
    run.inputs["records"] = "others"
    History(tmp_path / "root").save(run)
    assert plan().classes.names is None
    assert not plan().salt_pinned


def test_a_refusal_is_valid_while_the_same_version_serves(plan, tmp_path):
    history = History(tmp_path / "root")
    run = accepted(history, plan(), ["a", "b"])
    run.inputs = plan().inputs
    run.state, run.verdict = (
        "refused",
        Verdict(False, "accuracy", 0.5, 0.4, 0.6, 0.8, 10, ["too low"]),
    )
    history.save(run)
    assert nothing_changed(plan(), run)
    run.baseline = 3
    assert not nothing_changed(plan(), run)
    run.verdict = None
    assert nothing_changed(plan(), run)


def test_a_push_stands_while_the_version_and_its_tensorflow_lite_file_are_there(plan, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_text("graph")
    lite = tmp_path / "lite.tflite"
    lite.write_text("lite")
    store = LocalStore(tmp_path / "root" / "serving")
    pushed = store.push(tmp_path / "model", lite=str(lite))
    run = accepted(History(tmp_path / "root"), plan(), ["a", "b"])
    run.pushed, run.digest = 1, pushed.digest
    judged = LiteResult("int8", digest=store.exports.digest(1), n=1)
    run.serving_check = ServingCheckResult([], 1, lite=judged)
    run.inputs = plan().inputs
    assert nothing_changed(plan(), run)
    Path(store.exports.path(1)).write_text("damaged", encoding="utf-8")
    assert not nothing_changed(plan(), run)
    # Once another version serves, the run is not repeated, which would push its model again.
    (tmp_path / "model" / "saved_model.pb").write_text("another graph")
    store.push(tmp_path / "model")
    Path(store.exports.path(1)).unlink()
    assert nothing_changed(plan(), run)


def test_a_single_date_is_a_span(plan):
    settings = load_settings("quickstart", ["data.spans=2026-11-24"])
    assert settings.data.spans == "2026-11-24"


def test_another_previous_span_or_serving_version_is_a_reason(plan, tmp_path):
    run = accepted(History(tmp_path / "root"), plan(), ["a", "b"])
    run.inputs = plan().inputs
    assert reasons_to_run(plan(), run) == {"Pusher": "looks at the serving model"}
    run.span_before, run.baseline = "elsewhere", 3
    reasons = reasons_to_run(plan(), run)
    assert reasons["DataGate"] == "the previous span changed"
    assert reasons["Gate"] == "the serving version is now none"


def test_a_selection_that_ends_before_it_starts_is_refused():
    with pytest.raises(UsageError, match="--from Trainer comes after --until ExampleGen"):
        Selection(first="Trainer", last="ExampleGen").check()
    with pytest.raises(UsageError, match="no step 'Trainr'; did you mean Trainer"):
        Selection(first="Trainr").check()
    Selection(first="Gate", last="Gate").check()
