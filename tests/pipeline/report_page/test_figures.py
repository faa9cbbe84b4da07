import re

import html5lib
import pytest

from pipeline.report_page.charts import curves, reliability
from pipeline.report_page.figures import Interval, bars, interval_bars, interval_lines, percent
from pipeline.report_page.svg import WIDTH

ROWS = [Interval("new", 0.9, 0.85, 0.93, "90 %"), Interval("<b>old</b>", 0.4, 0.3, 0.5, "40 %")]


def positions(drawn: str) -> list[float]:
    """Returns the horizontal positions of all parts of a figure."""
    return [float(x) for x in re.findall(r' (?:x|x1|x2|cx)="([-\d.]+)"', drawn)]


@pytest.mark.parametrize(
    "drawn",
    [
        interval_lines("", ROWS, 0.8, "target 80 %"),
        interval_lines("", [Interval("all right", 1.0, 0.9, 1.0)], 1.0, "target 100 %"),
        interval_lines("", [Interval("none right", 0.0, 0.0, 0.1)], 0.0, "target 0 %"),
        interval_bars("", ROWS, 0.9),
        bars("", [("Trainer", 90.0, "1 min 30 s"), ("Gate", 0.0, "0 s")]),
        bars("", []),
        curves("", {"train": [0.1, 0.5], "eval": [0.2, 0.4]}, 2, "epoch 2", str),
        curves("", {"train": [0.7]}, 1, "epoch 1", str),
        curves("", {"loss": [0.0, 0.0, 0.0]}, 0, "", str),
        reliability("", [{"examples": 9, "confidence": 1.0, "accuracy": 1.0}]),
        reliability("", []),
    ],
)
def test_a_figure_is_valid_and_nothing_begins_outside_of_it(drawn):
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(f"<!DOCTYPE html><title>figure</title>{drawn}")
    assert all(0 <= x <= WIDTH for x in positions(drawn))
    assert "<b>" not in drawn


def test_a_higher_value_is_further_to_the_right():
    new, old = re.findall(r'cx="([\d.]+)"', interval_lines("", ROWS))
    assert float(new) > float(old)


def test_the_chosen_epoch_is_marked_where_its_values_are():
    drawn = curves("", {"eval": [0.1, 0.5, 0.4]}, 2, "epoch 2, chosen", percent)
    mark = re.search(r'<line x1="([\d.]+)" [^>]* class="target"/>', drawn)
    dots = re.findall(r'cx="([\d.]+)"', drawn)
    assert mark
    assert mark[1] == dots[1]
    assert "epoch 2, chosen" in drawn


def test_the_number_of_images_is_at_each_point_of_the_reliability_diagram():
    bins = [
        {"examples": 1234, "confidence": 0.95, "accuracy": 0.9},
        {"examples": 7, "confidence": 0.55, "accuracy": 0.6},
    ]
    drawn = reliability("", bins)
    assert ">1,234</text>" in drawn
    assert ">7</text>" in drawn
