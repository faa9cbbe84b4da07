import csv
import json

import pytest

from components.predictions.table import read_changed, read_predictions
from data.common.errors import DataRefused
from data.features import UNCHANGED
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.labelled_images import find_labelled
from pipeline.evaluation.model import find_model
from pipeline.evaluation.result import LEFT_OUT_FILE


def run(root, photos, **options):
    data = find_labelled(str(photos), UNCHANGED)
    result, folder, problem = evaluate(root, data, find_model(root), **options)
    assert not problem
    return result, folder


def test_the_accuracy_is_given_with_and_without_the_images_that_the_model_has_seen(root, photos):
    # 110 and 140 are on the wrong side; 20 and 230 were seen.
    result, folder = run(root, photos(dark=[20, 60, 140], light=[230, 200, 110, 180]))
    assert (result.all.value, result.all.n) == (pytest.approx(5 / 7), 7)
    assert (result.unseen.value, result.unseen.n, result.seen) == (0.6, 5, 2)
    assert result.passed is None
    text = "\n".join(result.format_lines())
    assert "2 of them look like an image that the model has seen" in text
    table = read_predictions(str(folder)).to_pandas()
    assert set(table.query("seen")["source"]) == {"dark/20.png", "light/230.png"}
    assert json.loads((folder / "metrics.json").read_text())["confusion"] == [[2, 1], [1, 3]]
    assert json.loads((folder / "metrics_unseen.json").read_text())["examples"] == 5
    assert read_changed(str(folder)).num_rows == 7 * 7


@pytest.mark.parametrize(("target", "passed"), [(0.6, True), (0.61, False)])
def test_the_target_is_for_the_images_that_the_model_has_not_seen(root, photos, target, passed):
    images = photos(dark=[20, 60, 140], light=[230, 200, 110, 180])
    result, folder = run(root, images, target=target, robustness=False)
    assert result.passed is passed
    assert read_changed(str(folder)) is None


def test_without_an_unseen_image_no_target_is_reached(root, photos):
    result, _ = run(root, photos(dark=[20], light=[230]), target=0)
    assert result.passed is False
    assert "there is no image that it has not seen" in list(result.format_lines())[-1]


def test_a_model_without_a_record_of_seen_images_is_judged_on_all(root, photos):
    (root / "serving" / "1" / "assets.extra" / "seen_images.npz").unlink()
    result, folder = run(root, photos(dark=[20], light=[230, 110]), target=0.6)
    assert (result.unseen, result.seen, result.passed) == (None, None, True)
    assert "does not record which images it has seen" in "\n".join(result.format_lines())
    assert not (folder / "metrics_unseen.json").exists()


def test_what_cannot_be_used_is_counted_and_listed(root, photos):
    images = photos(dark=[60], light=[200], grey=[127])
    (images / "dark" / "notes.jpg").write_bytes(b"no image")
    (images / "README").write_text("not in a class")
    result, folder = run(root, images)
    assert result.all.n == 2
    assert result.left_out["the model has no class grey"] == 1
    assert sum(result.left_out.values()) == 3
    rows = list(csv.DictReader((folder / LEFT_OUT_FILE).open()))
    assert {row["origin"] for row in rows} == {"dark/notes.jpg", "README", "grey/127.png"}


def test_without_a_usable_image_the_data_is_refused_and_nothing_is_left(root, photos):
    with pytest.raises(DataRefused, match=r"no image .* used\ngrey/127.png: the model has no"):
        run(root, photos(grey=[127]))
    assert list((root / "evaluations").iterdir()) == []


def test_an_evaluation_that_cannot_be_noted_leaves_nothing(root, photos):
    (root / "history" / "20261101-000000" / "evaluations.jsonl").mkdir()
    with pytest.raises(IsADirectoryError):
        run(root, photos(dark=[60], light=[200]), robustness=False)
    assert list((root / "evaluations").iterdir()) == []


def test_the_history_of_the_run_has_a_note_of_each_evaluation(root, photos):
    images = photos(dark=[60], light=[200])
    ids = [run(root, images, robustness=False)[0].evaluation_id for _ in range(2)]
    lines = (root / "history" / "20261101-000000" / "evaluations.jsonl").read_text().splitlines()
    assert [json.loads(line)["evaluation_id"] for line in lines] == ids
    assert json.loads(lines[0])["unseen"]["value"] == 1
    assert sorted(path.name for path in (root / "evaluations").iterdir()) == sorted(ids)
