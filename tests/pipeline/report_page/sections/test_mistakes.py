from dataclasses import replace

import numpy as np
import pytest

from pipeline.report_page.environment import render_part
from pipeline.report_page.sections import mistakes
from pipeline.report_page.sources import ReportSources
from tests.pipeline.report_page.toy_run import write_toy_run


@pytest.fixture
def section(toy_root, toy_run):
    return mistakes.build(ReportSources(toy_root, toy_run))


@pytest.fixture
def test_table(toy_root, toy_run):
    return ReportSources(toy_root, toy_run).test


def test_all_wrong_images_are_shown_the_most_confident_first(section, test_table):
    cards = section.content["mistakes"]
    assert cards.total == len(cards.shown) == int((~test_table.correct).sum())
    confidences = [card.answer.probability for card in cards.shown]
    assert confidences == sorted(confidences, reverse=True)
    assert not any(card.correct for card in cards.shown)
    first = cards.shown[0]
    assert first.answer.class_name != first.truth.class_name
    assert first.truth.probability < first.answer.probability
    assert first.file in test_table.sources


def test_a_cell_of_the_matrix_counts_its_pictures(section):
    matrix, cards = section.content["matrix"], section.content["mistakes"].shown
    for row in matrix:
        for cell in row:
            found = [c for c in cards if (c.true, c.predicted) == (cell.true, cell.predicted)]
            assert cell.true == cell.predicted or len(found) == cell.images
    assert sum(cell.images for row in matrix for cell in row) == 60


def test_the_least_sure_images_have_the_smallest_margin(section, test_table):
    cards = section.content["unsure"].shown
    margins = [card.answer.probability - card.second.probability for card in cards]
    assert margins == sorted(margins)
    top = np.sort(test_table.probabilities, axis=1)
    assert margins[0] == pytest.approx((top[:, -1] - top[:, -2]).min())


def test_images_that_changed_sides_were_compared_and_are_right_with_one_model_only(
    section, toy_root, toy_run
):
    sides = section.content["changed_sides"]
    assert (sides["version"], sides["compared"]) == (1, 54)
    assert sides["newly_wrong"].total == toy_run.verdict.baseline.lost
    assert sides["newly_right"].total == toy_run.verdict.baseline.gained
    for card in sides["newly_wrong"].shown:
        assert card.baseline.class_name == card.truth.class_name != card.answer.class_name
    for card in sides["newly_right"].shown:
        assert card.baseline.class_name != card.truth.class_name == card.answer.class_name


def test_beyond_200_pictures_the_rest_is_counted(tmp_path):
    images = {"train": 0, "eval": 0, "test": 260}
    run = write_toy_run(tmp_path, images=images, accuracy=0.0, baseline=False, pixels=16)
    sources = ReportSources(tmp_path, run)
    section = mistakes.build(sources)
    cards = section.content["mistakes"]
    assert len(cards.shown) == 200
    assert cards.total > 200
    rendered = render_part(section.template, **section.content)
    assert f"200 of {cards.total} mistakes are shown." in rendered
    assert f"{cards.total - 200} more are not shown as pictures." in rendered
    assert section.content["changed_sides"] is None


def test_many_classes_are_a_list_of_confusions(tmp_path):
    names = [f"class {i}" for i in range(50)]
    images = {"train": 0, "eval": 0, "test": 150}
    run = write_toy_run(tmp_path, class_names=names, images=images, accuracy=0.2, pixels=16)
    found = mistakes.build(ReportSources(tmp_path, run)).content
    assert found["matrix"] == []
    assert len(found["confusions"]) == mistakes.MOST_CONFUSIONS < found["kinds"]
    numbers = [confusion.images for confusion in found["confusions"]]
    assert numbers == sorted(numbers, reverse=True)
    assert all(confusion.true != confusion.predicted for confusion in found["confusions"])


def test_a_record_without_a_file_name_is_named_by_its_id(toy_root, toy_run):
    sources = ReportSources(toy_root, toy_run)
    sources.test.sources[:] = [""] * 60
    cards = mistakes.build(sources).content["mistakes"].shown
    assert cards[0].file.removeprefix("record ") in sources.test.ids


def test_without_mistakes_it_says_so(tmp_path):
    sources = ReportSources(tmp_path, write_toy_run(tmp_path, pixels=16))
    certain = np.eye(5, dtype=np.float32)[sources.test.classes]
    sources.test = replace(sources.test, probabilities=certain)
    section = mistakes.build(sources)
    assert "There is no mistake to show" in render_part(section.template, **section.content)
