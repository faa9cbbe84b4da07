import re

import pytest

from pipeline.report_page import svg


@pytest.mark.parametrize("epochs", [1, 2, 7, 30, 1000])
def test_ticks_of_epochs_are_integers_inside_the_axis(epochs):
    axis = svg.Axis(1, epochs, 0, 100, 6, whole=True)
    assert all(isinstance(tick, int) for tick in axis.ticks)
    assert axis.ticks == sorted(set(axis.ticks))
    assert len(axis.ticks) <= 13
    assert all(0 <= axis.at(tick) <= 100 for tick in axis.ticks)


def test_an_axis_of_one_value_shows_it_in_its_middle():
    assert svg.Axis(0.8, 0.8, 0, 100).at(0.8) == pytest.approx(50)


@pytest.mark.parametrize("values", [[0.0], [1.0], [0.5, 0.5], [0.0, 1.0], [0.999, 1.0]])
def test_an_axis_of_shares_stays_between_0_and_1(values):
    axis = svg.share_axis(values, 0, 100)
    assert 0 <= axis.low < axis.high <= 1
    assert len(axis.ticks) >= 2


def test_texts_and_labels_are_escaped():
    drawn = svg.figure('"><script>', 10, [svg.text(0, 0, "<b>&")])
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert "&lt;b&gt;&amp;" in drawn


def test_the_label_of_a_figure_is_for_people_who_do_not_see_it():
    assert re.search(r'role="img" aria-label="what it shows"', svg.figure("what it shows", 9, []))
