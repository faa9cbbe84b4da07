import html5lib
import pytest

from pipeline.history.run import Run, Step
from pipeline.history.runs import History
from pipeline.report_page.page import write_report
from pipeline.report_page.sections import classes
from tests.pipeline.report_page.toy_run import HOSTILE_CLASSES, write_toy_run

NO_IMAGES = {"train": 30, "eval": 20, "test": 0}
NO_TRAINING = {"training": None, "warm_start": None, "serving_check": None}
RUNS = {
    "pushed": {},
    "no baseline, robustness turned off": {"baseline": False, "changes": ()},
    "no test images": {"images": NO_IMAGES, "fields": {"pushed": None, "state": "refused"}},
    "all right": {"accuracy": 1.0},
    "all wrong": {"accuracy": 0.0, "images": {"train": 5, "eval": 5, "test": 8}},
    "one class": {"class_names": ["rose"]},
    "a class without test images": {"images": {"train": 9, "eval": 9, "test": 4}},
    "41 classes": {"class_names": [f"class {i}" for i in range(41)]},
    "no training report": {"fields": NO_TRAINING},
    "an earlier version of flowers": {"fields": {"artifacts": {}}},
    "names with characters that HTML forbids": {
        "class_names": ["a\0b", "\x1b[31mred", "\ufffe"],
        "fields": {"files": ["\x85.tfrec"], "error": "\x07"},
    },
}


def read(root, run: Run) -> str:
    return write_report(root, run).read_text(encoding="utf-8")


def check(content: str) -> None:
    html5lib.HTMLParser(strict=True).parse(content)
    assert "could not be made" not in content
    assert "<script>alert" not in content
    assert "<img src=x" not in content
    assert 'style="' not in content


@pytest.mark.parametrize("attributes", RUNS.values(), ids=RUNS)
def test_the_page_is_complete_and_valid(attributes, tmp_path):
    content = read(tmp_path, write_toy_run(tmp_path, **attributes))
    check(content)
    for section in ("Verdict", "Mistakes", "Classes", "Robustness", "Training", "What it was"):
        assert f">{section}" in content


@pytest.mark.parametrize("state", ["data refused", "failed", "interrupted", "running", "stopped"])
def test_a_run_that_ended_early_has_a_page_with_what_there_is(state, tmp_path):
    run = Run(
        run_id="1", started="2026-11-27T00:00:00+00:00", state=state, config="c", settings={},
        model="dense", error="first <line>\nsecond line",
        steps=[Step(name="DataGate", state="failed"), Step(name="Gate", state="skipped")],
    )  # fmt: skip
    History(tmp_path).folder("1").mkdir(parents=True)
    content = read(tmp_path, run)
    check(content)
    assert "first &lt;line&gt;" in content
    assert "second line" in content
    assert "the step Predictions did not finish in this run" in content


def test_hostile_names_are_shown_as_text(toy_root, toy_run):
    content = read(toy_root, toy_run)
    check(content)
    texts = "".join(html5lib.parse(content, namespaceHTMLElements=False).itertext())
    for name in HOSTILE_CLASSES:
        assert name in texts
    assert "🌷 'new' & \"old\"/test-2.jpg" in texts


def test_the_page_may_load_nothing(toy_root, toy_run):
    content = read(toy_root, toy_run)
    assert "default-src &#39;none&#39;; img-src data:" in content
    assert "unsafe-inline" not in content
    assert "http://" not in content
    assert "https://" not in content


def test_a_page_of_100_classes_and_30000_predictions_is_small(tmp_path):
    names = [f"class number {number}" for number in range(100)]
    images = {"train": 0, "eval": 15_000, "test": 15_000}
    run = write_toy_run(tmp_path, class_names=names, images=images, pixels=16)
    assert write_report(tmp_path, run).stat().st_size < 5_000_000


def test_a_section_that_fails_is_a_sentence_on_a_page(toy_root, toy_run, monkeypatch, caplog):
    def fail(*_):
        raise ValueError("no <luck>")

    monkeypatch.setattr(classes, "build", fail)
    content = read(toy_root, toy_run)
    html5lib.HTMLParser(strict=True).parse(content)
    assert "This section could not be made: ValueError: no &lt;luck&gt;." in content
    assert "What it was made of" in content
    assert "ValueError: no <luck>" in caplog.text


def test_pictures_that_cannot_be_read_leave_the_rest_of_the_page(
    toy_root, toy_run, monkeypatch, caplog
):
    def fail(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr("pipeline.report_page.thumbnails.Thumbnails._read", fail)
    content = read(toy_root, toy_run)
    assert "picture not found" in content
    assert "the disk is gone" in caplog.text
