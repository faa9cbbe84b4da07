"""What holds for every page: the report of a run in each state, the index, a comparison."""

import itertools

import html5lib
import pytest
from selenium.common.exceptions import NoAlertPresentException

from tests.browser.browser import Page
from tests.pipeline.report_page.toy_run import HOSTILE_CLASSES

PAGES = ["pushed", "refused", "failed", "data refused", "index", "comparison"]


@pytest.fixture(params=PAGES)
def name(request):
    return request.param


def test_these_checks_notice_a_bad_page(browser, tmp_path):
    (tmp_path / "bad.html").write_text(
        "<!DOCTYPE html><html><body><img src='http://127.0.0.1:9/x.png'>"
        "<p style='width: 500px; color: #ddd; background: #fff'>pale</p>"
        "<script>console.error('broken')</script></body></html>",
        encoding="utf-8",
    )
    page = Page(browser, tmp_path / "bad.html", width=390)
    assert "http://127.0.0.1:9/x.png" in page.requests
    assert any("broken" in message for message in page.console())
    assert page.overflow() > 0
    found = {violation.partition(":")[0] for violation in page.violations()}
    assert {"color-contrast", "document-title", "html-has-lang", "image-alt"} <= found


def test_a_page_loads_nothing_and_reports_no_error(visit, name):
    page = visit(name)
    assert page.console() == []
    assert page.requests
    assert [url for url in page.requests if not url.startswith(("file://", "data:"))] == []
    assert sum(url.startswith("file://") for url in page.requests) == 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_is_accessible(visit, name, dark):
    assert visit(name, dark=dark).violations() == []


def test_a_page_fits_a_telephone(visit, name):
    page = visit(name, width=390)
    assert page.overflow() <= 0
    assert page.violations() == []


def test_a_page_is_dark_if_wanted_but_not_on_paper(visit, name):
    def colours(**options):
        code = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
        return visit(name, **options).script(code)

    text, _ = light = colours()
    assert colours(dark=True) != light
    assert colours(dark=True, media="print") == [text, "rgb(255, 255, 255)"]


def test_a_page_can_be_printed(visit, name):
    assert visit(name).pdf().startswith(b"%PDF")


def test_a_page_is_valid_html(pages, name):
    html5lib.HTMLParser(strict=True).parse(pages[name].read_text(encoding="utf-8"))


def test_nothing_that_a_name_contains_is_run(visit, name):
    page = visit(name)
    with pytest.raises(NoAlertPresentException):
        page.driver.switch_to.alert.accept()
    assert len(page.select("script")) == 1
    assert page.select("img[src='x']") == []


@pytest.mark.parametrize("name", ["pushed", "comparison"])
def test_hostile_class_names_are_shown_as_text(visit, name):
    text = visit(name).script("return document.body.textContent")
    for class_name in HOSTILE_CLASSES:
        assert class_name in text
    assert "<img src=x onerror=alert(1)>/test-" in text


def test_every_link_inside_a_page_has_its_target(visit, name):
    page = visit(name)
    links = [link.get_dom_attribute("href") for link in page.select("a")]
    assert links
    assert [link for link in links if link.startswith("#") and not page.select(link)] == []


def test_headings_are_in_order_and_the_title_is_not_empty(visit, name):
    page = visit(name)
    levels = [int(h.tag_name[1]) for h in page.select("h1, h2, h3, h4, h5, h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.driver.title


def test_the_keyboard_reaches_the_content_first(visit, name):
    page = visit(name)
    page.script("document.body.focus()")
    page.driver.switch_to.active_element.send_keys("\ue004")
    focused = page.driver.switch_to.active_element
    assert focused.text == "Skip to the content"
    assert focused.is_displayed()
