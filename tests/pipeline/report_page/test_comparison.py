import json

import html5lib
import pytest

from pipeline.history.runs import History
from pipeline.report_page import comparison_page
from pipeline.report_page.comparison import compare_runs
from pipeline.report_page.comparison_page import comparison_file, write_comparison
from pipeline.report_page.comparison_text import format_comparison
from pipeline.report_page.thumbnails import Thumbnails
from tests.pipeline.report_page.toy_root import FIRST, SECOND, write_toy_root
from tests.pipeline.report_page.toy_run import HOSTILE_CLASSES


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    write_toy_root(folder)
    return folder


def find(root, run_id):
    return next(run for run in History(root).runs() if run.run_id == run_id)


def text_of(found):
    return "\n".join(format_comparison(found))


def test_two_runs_are_compared_in_settings_data_metrics_classes_and_images(root):
    found = compare_runs(root, find(root, FIRST), find(root, SECOND))
    assert [(p.name, p.a, p.b) for p in found.settings] == [("trainer.epochs", 35, 30)]
    assert [(p.name, p.b) for p in found.data] == [("spans in this run only", ["span-4"])]
    assert found.shared.images == 60
    accuracy = found.metrics[0]
    assert (accuracy.name, accuracy.a) == ("accuracy", found.shared.accuracy.a)
    assert accuracy.b.low < accuracy.b.value < accuracy.b.high
    change = found.shared.gained - found.shared.lost
    assert change == round(60 * (accuracy.b.value - accuracy.a.value))
    assert len(found.shared.changed) == found.shared.gained + found.shared.lost > 0
    assert [pair.name for pair in found.classes] == list(HOSTILE_CLASSES)
    # All test images are shared, so both ways of counting agree.
    assert found.classes == found.own_classes
    assert found.missing == []


def test_the_text_has_what_differs_and_the_first_images(root):
    text = text_of(compare_runs(root, find(root, FIRST), find(root, SECOND)))
    assert "trainer.epochs  35  30" in text
    assert "60 images are test images of both runs (A has 60, B has 60)" in text
    assert "McNemar's exact test: p" in text
    assert "Code and libraries that differ: nothing" in text
    assert text.count("now right") + text.count("now wrong") <= 20
    assert all(line.isprintable() for line in text.splitlines())


def test_names_cannot_control_the_terminal(root):
    a, b = find(root, FIRST), find(root, SECOND)
    b.settings["data"]["source"] = "\x1b[2J\nrecords"
    assert "\x1b" not in text_of(compare_runs(root, a, b))


def test_the_json_is_complete(root):
    found = compare_runs(root, find(root, FIRST), find(root, SECOND))
    values = json.loads(json.dumps(found.to_json()))
    assert len(values["shared"]["changed"]) == len(found.shared.changed)
    assert values["settings"] == [{"name": "trainer.epochs", "a": 35, "b": 30}]
    assert values["metrics"][0]["a"]["low"] == found.metrics[0].a.low


def test_after_flowers_clean_everything_but_single_images_is_compared(root):
    a, b = find(root, FIRST), find(root, SECOND)
    a.artifacts["Predictions"]["predictions"] = str(root / "artifacts" / "gone")
    found = compare_runs(root, a, b)
    assert found.shared is None
    (sentence,) = found.missing
    assert f"Run {FIRST} has no predictions" in sentence
    assert "flowers clean" in sentence
    assert found.classes[0].a.recall.value > 0
    text = text_of(found)
    assert sentence in text
    assert "Classes, on the run's own test images" in text


def test_a_run_of_an_earlier_version_is_compared_by_its_metrics(root):
    a, b = find(root, FIRST), find(root, SECOND)
    a.artifacts = {}
    a.steps = [step for step in a.steps if step.name != "Predictions"]
    found = compare_runs(root, a, b)
    assert "earlier version of flowers" in found.missing[0]
    assert found.metrics[0].a.value > 0


def test_a_run_that_ended_before_the_gate_is_compared_by_settings_and_data(root):
    failed = next(run for run in History(root).runs() if run.state == "failed")
    found = compare_runs(root, failed, find(root, SECOND))
    assert found.metrics[0].a is None
    assert found.missing == [
        f"Run {failed.run_id} has no metrics: it ended before the gate (failed)."
    ]
    assert "trainer.epochs  35  30" in text_of(found)


def test_without_a_shared_test_image_the_own_test_splits_are_compared(root):
    found = compare_runs(root, find(root, FIRST), find(root, SECOND))
    empty = found.shared.__class__(
        0, found.shared.test_images, found.shared.accuracy, 0, 0, 1.0, [], []
    )
    other = found.__class__(**{**vars(found), "shared": empty})
    assert "share no test image: A has 60, B has 60" in text_of(other)
    assert other.classes == found.own_classes


def test_the_page_is_valid_html_with_pictures_and_escaped_names(root):
    a, b = find(root, FIRST), find(root, SECOND)
    file = comparison_file(root, a, b)
    assert file == root / "history" / SECOND / f"compare-{FIRST}.html"
    write_comparison(root, a, b, file)
    page = file.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert HOSTILE_CLASSES[1] not in page
    assert "<img src=x" not in page
    found = compare_runs(root, a, b)
    assert page.count('<img src="data:image/webp') == len(found.shared.changed)


@pytest.mark.parametrize("state", ["failed", "data refused", "running"])
def test_the_page_of_a_run_without_results_says_so(root, state, tmp_path):
    a = next(run for run in History(root).runs() if run.state == state)
    b = find(root, SECOND)
    file = tmp_path / "page.html"
    write_comparison(root, a, b, file)
    page = file.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "it ended before the gate" in page


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        ({"pushed": 1}, "1"),
        ({"pushed": 1, "withdrawn": 1}, "1, withdrawn"),
        ({"pushed": 1, "withdrawn": 1, "promoted": 3, "reason": "x"}, "3, promoted"),
        ({"pushed": None}, None),
    ],
)
def test_the_version_is_the_one_that_holds_the_model(root, fields, version):
    a = find(root, SECOND).model_copy(update=fields)
    facts = {pair.name: pair.a for pair in compare_runs(root, a, find(root, FIRST)).facts}
    assert facts["version"] == version


def test_only_pictures_that_are_shown_are_read(root, tmp_path, monkeypatch):
    requested = []
    request = Thumbnails.request
    monkeypatch.setattr(comparison_page, "MOST_PICTURES", 2)
    monkeypatch.setattr(
        Thumbnails, "request", lambda *args: requested.append(args) or request(*args)
    )
    write_comparison(root, find(root, FIRST), find(root, SECOND), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count('<img src="data:image/webp') == len(requested) == 4
    assert "2 of " in page


def test_pictures_that_cannot_be_read_leave_the_rest_of_the_page(
    root, tmp_path, monkeypatch, caplog
):
    def fail(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr(Thumbnails, "_read", fail)
    write_comparison(root, find(root, FIRST), find(root, SECOND), tmp_path / "page.html")
    assert "picture not found" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "the disk is gone" in caplog.text


def test_settings_are_written_as_in_a_config(root):
    a, b = find(root, FIRST), find(root, FIRST)
    b.settings["data"]["group_near_duplicates"] = True
    assert "data.group_near_duplicates  false  true" in text_of(compare_runs(root, a, b))
