"""What a person does with the report of a run."""

import pytest

from tests.browser.browser import texts

ENTER = "\ue007"
SECTIONS = [
    "verdict", "mistakes", "suspects", "classes", "robustness", "training", "data", "origin",
]  # fmt: skip


@pytest.fixture
def report(visit):
    return visit("pushed")


def shown(page):
    """Returns the pictures of mistakes that are visible."""
    return [item for item in page.select("#mistake-pictures > li") if item.is_displayed()]


def fullest_cell(page):
    """Returns the cell of the confusion matrix with the most images."""
    cells = page.select(".matrix button")
    return max(cells, key=lambda cell: int(cell.get_dom_attribute("data-images")))


def pair_of(element):
    return [element.get_dom_attribute(f"data-{name}") for name in ("true", "predicted")]


def choose(cell, how):
    cell.click() if how == "click" else cell.send_keys(ENTER)


def test_all_sections_are_present_and_listed_at_the_top(report):
    found = [section.get_dom_attribute("id") for section in report.select("main > section")]
    assert found == SECTIONS
    links = [link.get_dom_attribute("href") for link in report.select("nav a")]
    assert links == [f"#{name}" for name in found]
    assert all(texts(report.select("main > section > .how")))


def test_every_section_of_a_finished_run_has_content(report):
    assert texts(report.select("main > section > .how + .missing")) == []


@pytest.mark.parametrize("how", ["click", "enter"])
def test_a_cell_of_the_confusion_matrix_filters_the_pictures(report, how):
    everything = len(shown(report))
    cell = fullest_cell(report)
    number = cell.get_dom_attribute("data-images")
    choose(cell, how)
    pictures = shown(report)
    assert 0 < len(pictures) == int(number) < everything
    assert {tuple(pair_of(item)) for item in pictures} == {tuple(pair_of(cell))}
    assert cell.get_attribute("aria-pressed") == "true"
    assert report.select("#mistakes-shown")[0].text.startswith(f"{number} of {number} images are")
    assert report.console() == []


@pytest.mark.parametrize("how", ["click", "enter"])
def test_all_pictures_can_be_shown_again(report, how):
    everything = len(shown(report))
    choose(fullest_cell(report), how)
    button = report.select("#show-all")[0]
    choose(button, how)
    assert len(shown(report)) == everything
    assert not button.is_displayed()


def test_choosing_a_cell_twice_shows_all_pictures_again(report):
    everything = len(shown(report))
    for _ in range(2):
        choose(fullest_cell(report), "click")
    assert len(shown(report)) == everything


def test_all_cells_together_have_as_many_images_as_there_are_mistakes(report):
    cells = report.select(".matrix button")
    assert sum(int(cell.get_dom_attribute("data-images")) for cell in cells) == len(shown(report))


def test_pictures_are_decoded(report):
    # Pictures in closed <details> are decoded when they are opened.
    report.script("for (const d of document.querySelectorAll('details')) d.open = true")
    code = (
        "return Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))"
    )
    widths = report.script(code)
    assert len(widths) > 10
    assert all(width > 0 for width in widths)


def test_the_report_works_without_javascript(visit):
    page = visit("pushed", javascript=False)
    assert len(shown(page)) > 0
    assert not page.select("#show-all")[0].is_displayed()
    assert page.select("main > section")


def test_a_filtered_report_is_accessible(report):
    choose(fullest_cell(report), "click")
    assert report.violations() == []


def test_no_table_is_wider_than_its_card_on_a_desktop(report):
    code = "return arguments[0].scrollWidth - arguments[0].clientWidth"
    tables = {b.get_dom_attribute("aria-label"): b for b in report.select(".scroll")}
    assert "Table: metrics by class" in tables
    assert {label: report.script(code, box) for label, box in tables.items()} == dict.fromkeys(
        tables, 0
    )


def test_the_matrix_can_be_scrolled_by_keyboard_on_a_telephone(visit):
    page = visit("pushed", width=390)
    for box in page.select(".scroll"):
        assert box.get_dom_attribute("tabindex") == "0"
        assert box.get_dom_attribute("aria-label")


@pytest.mark.parametrize("name", ["failed", "data refused", "interrupted", "running"])
def test_a_run_that_ended_early_says_what_is_missing(visit, name):
    page = visit(name)
    missing = texts(page.select("main > section > .missing"))
    assert missing
    assert all(text.endswith(".") for text in missing)
