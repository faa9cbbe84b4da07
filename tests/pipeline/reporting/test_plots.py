import logging
import sys

import matplotlib.image
import numpy as np
import pytest

from components.trainer.training_report import TrainingReport
from pipeline.reporting.plots import draw_calibration, draw_confusion, draw_training


@pytest.mark.parametrize("number", [1, 4])
def test_the_training_plot_is_drawn(tmp_path, number):
    epoch = {"accuracy": 0.5, "val_accuracy": 0.4, "loss": 1, "val_loss": 2, "learning_rate": 0.1}
    report = TrainingReport("CPU", "", 1, 10, 2, best_epoch=1, epochs=[epoch] * number)
    draw_training(report, tmp_path / "training.png")
    pixels = matplotlib.image.imread(tmp_path / "training.png")
    assert pixels.shape[:2] == (350, 1200)
    # The plot is not blank.
    assert pixels[..., :3].min() < 0.1


def confusion(*names: str) -> dict:
    return {"class_names": list(names), "confusion": np.eye(len(names), dtype=int).tolist()}


def test_class_names_are_drawn_as_they_are(tmp_path):
    """In matplotlib's own notation, `$_$` is an error, and `$x$` a formula without dollar signs."""
    for file, name in (("a.png", "$_$ rose"), ("b.png", "$x$"), ("c.png", "x"), ("d.png", "薔薇")):
        draw_confusion(confusion(name, "daisy"), tmp_path / file)
    formula, plain = (matplotlib.image.imread(tmp_path / file) for file in ("b.png", "c.png"))
    assert (tmp_path / "a.png").exists()
    assert (tmp_path / "d.png").exists()
    assert not np.array_equal(formula, plain)


@pytest.mark.parametrize("draw", [draw_training, draw_confusion, draw_calibration])
def test_a_plot_that_cannot_be_drawn_is_reported_and_fails_nothing(tmp_path, caplog, draw):
    with caplog.at_level(logging.INFO):
        line = draw({}, tmp_path / "plot.png")
    assert not (tmp_path / "plot.png").exists()
    assert line.startswith("plot.png is missing, because it cannot be drawn: ")
    # The log has the traceback.
    assert caplog.records[0].exc_info


def test_a_broken_matplotlib_costs_the_plots_only(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = draw_confusion(confusion("a", "b"), tmp_path / "plot.png")
    assert line.startswith("plot.png is missing, because it cannot be drawn: ModuleNotFoundError")


def test_characters_that_the_font_lacks_are_logged_and_not_printed(tmp_path, caplog, recwarn):
    with caplog.at_level(logging.INFO):
        assert draw_confusion(confusion("薔薇", "daisy"), tmp_path / "plot.png") == ""
    assert not recwarn.list
    assert any("missing from font" in message for message in caplog.messages)
