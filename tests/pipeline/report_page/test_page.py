import html5lib

from pipeline.report_page.page import write_report
from tests.pipeline.report_page.toy_run import HOSTILE_CLASSES


def test_the_page_is_valid_html(toy_root, toy_run):
    page = write_report(toy_root, toy_run).read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert HOSTILE_CLASSES[1] not in page
