import shutil

import numpy as np
import pytest

from pipeline.report_page.sources import ReportSources
from tests.pipeline.report_page.toy_run import HOSTILE_CLASSES, write_toy_run


@pytest.fixture
def sources(toy_root, toy_run):
    return ReportSources(toy_root, toy_run)


def test_the_predictions_of_a_split_are_read_in_their_order(sources):
    test, evaluated = sources.test, sources.predictions("eval")
    assert (len(test), len(evaluated)) == (60, 20)
    assert test.probabilities.shape == (60, 5)
    assert test.classes.tolist() == [row % 5 for row in range(60)]
    assert test.sources[0] == "photos/test-0.jpg"
    assert sources.class_names == list(HOSTILE_CLASSES)


def test_confidence_truth_and_correctness_fit_together(sources):
    test = sources.test
    assert (test.of_true_class <= test.confidences).all()
    assert ((test.of_true_class == test.confidences) == test.correct).all()
    assert 0 < test.correct.sum() < 60


def test_the_baseline_is_unknown_where_it_was_not_compared(sources):
    compared = ~np.isnan(sources.baseline).any(axis=1)
    assert compared.tolist() == [row % 10 != 0 for row in range(60)]


def test_the_changes_keep_their_order(sources):
    assert list(sources.changed) == ["squeezed to 3:4", "30 % darker", "blurred"]
    assert all(len(table) == 60 for table in sources.changed.values())


def test_without_baseline_and_changes_there_are_none(tmp_path):
    run = write_toy_run(tmp_path, baseline=False, changes=())
    sources = ReportSources(tmp_path, run)
    assert sources.baseline is None
    assert sources.changed == {}


def test_a_root_that_was_moved_keeps_its_tables(tmp_path):
    run = write_toy_run(tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    assert len(ReportSources(tmp_path / "new", run).test) == 60


def test_a_missing_output_has_a_reason(tmp_path):
    run = write_toy_run(tmp_path)
    shutil.rmtree(run.artifacts["Predictions"]["predictions"])
    sources = ReportSources(tmp_path, run)
    assert sources.test is None
    assert sources.class_names == list(HOSTILE_CLASSES)
    assert "flowers clean" in sources.why_missing("Predictions", "predictions")
    run.artifacts = {}
    assert "earlier version" in sources.why_missing("Predictions", "predictions")
    run.step("Predictions").state = "skipped"
    assert "did not finish" in sources.why_missing("Predictions", "predictions")
