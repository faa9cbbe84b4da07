"""What a person does with the page of all runs."""

from tests.browser.browser import texts


def test_a_link_leads_to_the_report_of_a_run_and_another_to_a_comparison(visit):
    page = visit("index")
    links = page.select("table.runs a")
    hrefs = [link.get_dom_attribute("href") for link in links]
    report = next(i for i, href in enumerate(hrefs) if href.endswith("report.html"))
    comparison = next(i for i, href in enumerate(hrefs) if "compare-" in href)
    for index, heading in ((report, "Run "), (comparison, "Run ")):
        page = visit("index")
        page.select("table.runs a")[index].click()
        assert texts(page.select("h1"))[0].startswith(heading)


def test_wide_tables_scroll_inside_their_box_on_a_telephone(visit):
    page = visit("index", width=390)
    boxes = page.select(".scroll")
    code = "return arguments[0].scrollWidth > arguments[0].clientWidth"
    assert any(page.script(code, box) for box in boxes)
    assert page.overflow() <= 0
