import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tfx.types.standard_artifacts import Examples, InferenceResult, Model

from components.image_hashes import write_seen
from components.predictions import classify, executor
from components.predictions.changes import CHANGES
from components.predictions.records import read_split
from components.predictions.summary import summarize
from components.predictions.table import read_changed, read_class_names, read_predictions
from data.common.errors import CountMismatch, DataRefused
from data.images.limits import MAX_PIXELS


def artifact(kind, uri):
    found = kind()
    found.uri = str(uri)
    return [found]


@pytest.fixture
def predict(tmp_path, brightness_folder):
    """Returns a function that runs the executor and returns its outputs."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "Format-Serving").symlink_to(brightness_folder)

    def run(examples, robustness=True, extra=()):
        inputs = {
            "examples": artifact(Examples, examples),
            "quarantine": artifact(Examples, examples),
            "model": artifact(Model, tmp_path / "model"),
        }
        outputs = {"predictions": artifact(InferenceResult, tmp_path / "artifacts" / "out")}
        properties = {
            "robustness": int(robustness),
            "extra_patterns": json.dumps([str(pattern) for pattern in extra]),
            "features": "{}",
            "max_pixels": MAX_PIXELS,
        }
        # As TFX makes it: the outputs are below the folder of the artifacts.
        context = executor.BaseExecutor.Context(pipeline_run_id="run-1")
        executor.Executor(context).Do(inputs, outputs, properties)
        return outputs

    return run


def folder_of(outputs) -> str:
    return outputs["predictions"][0].uri


def test_test_and_eval_images_are_classified_in_order(predict, write_examples):
    outputs = predict(write_examples(train=[0], test=[20, 230, 100] * 15, eval=[240, 10]))
    table, folder = read_predictions(folder_of(outputs)), folder_of(outputs)
    assert table["split"].to_pylist() == ["test"] * 45 + ["eval"] * 2
    assert table["source"].to_pylist()[:2] == ["test/0.jpg", "test/1.jpg"]
    assert table["class"].to_pylist() == [0, 1, 0] * 15 + [1, 0]
    probabilities = np.stack(table["probabilities"].to_numpy())
    assert np.array_equal(probabilities.argmax(axis=1), table["class"].to_numpy())
    assert read_class_names(folder) == ["dark", "light"]
    assert len(set(table["id"].to_pylist())) == 47


def test_each_change_is_applied_to_each_test_image(predict, write_examples):
    outputs = predict(write_examples(test=[20, 110, 150] * 12, eval=[240]))
    changed = read_changed(folder_of(outputs)).to_pandas()
    assert Counter(changed["change"]) == dict.fromkeys(CHANGES, 36)
    wrong = {
        name: rows[np.stack(rows["probabilities"]).argmax(axis=1) != rows["class"]]
        for name, rows in changed.groupby("change")
    }
    # The light images are dark after the change, and the other way round.
    assert set(wrong["30 % darker"]["class"]) == {1}
    assert set(wrong["30 % brighter"]["class"]) == {0}
    assert wrong["squeezed to 3:4"].empty
    summary = summarize(outputs, None)
    # A third of the images each is wrong after one of the two changes.
    assert summary.values["robustness"] == pytest.approx(
        {name: 2 / 3 if name.startswith("30 %") else 1 for name in CHANGES}
    )
    assert summary.text == (
        "36 test and 1 eval images; 36 test images with 7 changes, mean accuracy 0.905"
    )


def test_at_most_a_number_of_images_is_changed_whatever_their_order(
    predict, write_examples, monkeypatch
):
    monkeypatch.setattr(classify, "MAX_CHANGED", 5)
    outputs = predict(write_examples(test=list(range(0, 240, 6)), eval=[1]))
    test = read_predictions(folder_of(outputs)).to_pandas().query("split == 'test'")
    changed = read_changed(folder_of(outputs)).to_pandas()
    assert set(changed["id"]) == set(sorted(test["id"])[:5])
    assert len(changed) == 5 * len(CHANGES)


def test_the_changes_can_be_turned_off(predict, write_examples):
    outputs = predict(write_examples(test=[20], eval=[240]), robustness=False)
    assert read_changed(folder_of(outputs)) is None
    assert summarize(outputs, None).text == "1 test and 1 eval images"
    assert summarize(outputs, None).values == {"robustness": {}}


def test_splits_may_be_empty(predict, write_examples):
    outputs = predict(write_examples(test=[], eval=[]))
    assert read_predictions(folder_of(outputs)).num_rows == 0
    assert read_changed(folder_of(outputs)).num_rows == 0
    assert summarize(outputs, None).values == {"robustness": {}}


def test_a_lost_example_fails_the_step(predict, write_examples):
    examples = write_examples(test=[20, 30], eval=[240])
    Path(examples, "Split-eval", "data-0.gz").unlink()
    with pytest.raises(CountMismatch, match="wrote 1 eval examples, and Predictions saw 0"):
        predict(examples)


@pytest.fixture
def elsewhere(tmp_path, write_examples, brightness_folder):
    """Records from elsewhere; the model has seen the first two images of the three."""
    folder = write_examples(train=[30, 60, 200], test=[20], eval=[240])
    (batch,) = read_split(folder, "train")
    write_seen(batch.hashes[:2], brightness_folder)
    return folder, Path(folder, "Split-train", "*.gz")


def test_images_from_elsewhere_are_classified_and_marked_if_the_model_has_seen_them(
    predict, elsewhere
):
    examples, pattern = elsewhere
    outputs = predict(examples, extra=[pattern])
    table = read_predictions(folder_of(outputs))
    assert table["split"].to_pylist() == ["test", "eval", *["extra"] * 3]
    assert table["seen"].to_pylist() == [None, None, True, True, False]
    assert "1 test and 1 eval images, 3 of gate.extra_data; " in summarize(outputs, None).text


def test_images_from_elsewhere_of_which_none_can_be_used_refuse_the_data(
    predict, elsewhere, tmp_path
):
    examples, _ = elsewhere
    (tmp_path / "bad.tfrec").write_bytes(b"no record file")
    with pytest.raises(DataRefused, match=r"gate.extra_data: no image of .*bad.tfrec can be used"):
        predict(examples, extra=[tmp_path / "bad.tfrec"])
    refusal = json.loads((tmp_path / "history" / "run-1" / "refusal.json").read_text())
    assert refusal["step"] == "Predictions"
