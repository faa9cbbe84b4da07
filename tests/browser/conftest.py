"""One browser and one root for all tests in a real browser; they are skipped without a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.report_page.comparison_page import comparison_file, write_comparison
from pipeline.report_page.index import write_index
from pipeline.report_page.page import write_report
from tests.browser.browser import Page, start_browser, why_unavailable
from tests.pipeline.report_page.toy_root import FIRST, SECOND, write_toy_root

_HERE = "tests/browser/"


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[object]:
    """Chromium, started once."""
    problem = why_unavailable()
    if problem and request.config.getoption("--require-browser"):
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
    driver = start_browser()
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of a root with runs in all states, by name."""
    root = tmp_path_factory.mktemp("pages")
    runs = write_toy_root(root)
    pages = {run.state: write_report(root, run) for run in runs}
    by_id = {run.run_id: run for run in runs}
    pages["pushed"] = write_report(root, by_id[SECOND])
    pages["comparison"] = comparison_file(root, by_id[FIRST], by_id[SECOND])
    write_comparison(root, by_id[FIRST], by_id[SECOND], pages["comparison"])
    pages["index"] = write_index(root)
    return pages


@pytest.fixture
def visit(browser, pages) -> Callable[..., Page]:
    """Returns a function that opens a page by its name; see Page for the other arguments."""

    def open_page(name: str, **options: object) -> Page:
        return Page(browser, pages[name], **options)

    return open_page


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says at the end how to run the tests that were skipped."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if r.nodeid.startswith(_HERE)]
    if skipped:
        terminalreporter.section("the report was not tested in a browser", yellow=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped: {why_unavailable()}")
