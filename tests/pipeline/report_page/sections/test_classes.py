import pytest

from components.intervals import wilson_interval
from pipeline.report_page.sections import classes
from pipeline.report_page.sources import ReportSources
from tests.pipeline.report_page.toy_run import write_toy_run

# Rows: true classes. The third class has no test image, and the fourth is never predicted.
CONFUSION = [[8, 2, 0, 0], [1, 4, 0, 0], [0, 0, 0, 0], [3, 0, 0, 0]]
METRICS = {"confusion": CONFUSION, "class_names": ["a", "b", "none", "lost"]}


def test_precision_recall_and_f1_have_intervals():
    a, b, none, lost = classes.class_rows(METRICS, {"test": {"a": 10, "b": 5, "lost": 3}})
    assert a.precision.value == pytest.approx(8 / 12)
    assert (a.recall.low, a.recall.high) == wilson_interval(8, 10)
    assert a.f1.value == pytest.approx(2 * 8 / (12 + 10))
    assert b.f1.low < b.f1.value < b.f1.high
    assert (none.precision, none.recall, none.f1) == (None, None, None)
    assert lost.precision is None
    assert lost.recall.value == 0
    assert [row.images["test"] for row in (a, b, none, lost)] == [10, 5, 0, 3]


def test_the_worst_class_comes_first(toy_root, toy_run):
    rows = classes.build(ReportSources(toy_root, toy_run)).content["rows"]
    values = [row.f1.value for row in rows]
    assert values == sorted(values)
    assert [row.images for row in rows] == [{"train": 6, "eval": 4, "test": 12}] * 5


@pytest.mark.parametrize(
    ("confidence", "accuracy", "words"),
    [
        (0.95, 0.80, "it is too sure of itself, by 15.0 points."),
        (0.60, 0.80, "it is more cautious than it needs to be, by 20.0 points."),
        (0.81, 0.80, "it is about as sure as it should be."),
    ],
)
def test_calibration_is_said_in_a_sentence(confidence, accuracy, words):
    bins = [{"examples": 20, "confidence": confidence, "accuracy": accuracy}]
    assert classes.describe_calibration(bins).endswith(words)


def test_metrics_outlive_the_artifacts(tmp_path):
    run = write_toy_run(tmp_path, fields={"artifacts": {}}, pixels=16)
    section = classes.build(ReportSources(tmp_path, run))
    assert not section.missing
    assert [interval.label for _, interval in section.content["slices"]["size"]] == [
        "large",
        "small",
    ]


def test_before_the_gate_it_says_why_there_is_nothing(tmp_path, toy_run):
    assert "Gate" in classes.build(ReportSources(tmp_path, toy_run)).missing
