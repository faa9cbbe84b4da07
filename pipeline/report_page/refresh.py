"""Makes the pages of a root current at the end of a run, and never fails the run."""

import logging
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from data.common.errors import UsageError, describe_error
from pipeline.history.run import Run
from pipeline.history.runs import REPORT_FILE, History
from pipeline.reporting.lines import display_path
from pipeline.root_files import INDEX_FILE

if TYPE_CHECKING:
    from pipeline.reporting.console import Console

_log = logging.getLogger(__name__)


class PagesAfterRun:
    """A context that writes the pages when a run has ended, however it ended.

    A run whose input was refused before any work leaves no history, and so gets no report.
    """

    def __init__(self, root: Path, run: Run, console: "Console"):
        """Takes the root, the run, and the console that shows where its report is."""
        self._root = root
        self._run = run
        self._console = console

    def __enter__(self) -> None:
        """Does nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Writes the pages and prints the path of the report as the last line of the run."""
        if not isinstance(error, UsageError):
            self._console.close()
            self._console.print_line(refresh_pages(self._root, self._run))


def refresh_pages(root: Path, run: Run) -> str:
    """Writes the report of a run and the index, and returns a line with the path of the report.

    If one of them cannot be written, a line says why.
    """
    report = _refresh_report(root, run)
    # After the report, to which it links.
    problem = refresh_index(root)
    return f"{problem}\n{report}" if problem else report


def _refresh_report(root: Path, run: Run) -> str:
    try:
        # The libraries that it needs take a second to import: only when a run has ended.
        from pipeline.report_page.page import write_report

        return format_report_line(write_report(root, run))
    except Exception as error:
        _log.exception("the report could not be made")
        problem = " ".join(describe_error(error).split())
        return f"Report:   missing, because it cannot be made: {problem}; see the log"


def refresh_index(root: Path) -> str:
    """Writes the index of a root; returns an empty text, or a line that says why it is missing."""
    try:
        from pipeline.report_page.index import write_index

        write_index(root)
    except Exception as error:
        # Not an error: commands without a log file would print the traceback.
        _log.info("the index could not be made", exc_info=True)
        return f"{root / INDEX_FILE} could not be made current: {describe_error(error)}"
    return ""


def stored_report(root: Path, run: Run) -> Path | None:
    """Returns the report of a run if it was written."""
    file = History(root).folder(run.run_id) / REPORT_FILE
    return file if file.exists() else None


def kept_report(root: Path, run: Run) -> Path | None:
    """Returns the stored report of a run of which `flowers clean` removed what a new one needs."""
    from pipeline.report_page.sources import ReportSources

    sources = ReportSources(root, run)
    removed = [
        step
        for step, key in (("ExampleGen", "examples"), ("Predictions", "predictions"))
        if key in run.artifacts.get(step, {}) and sources.artifact(step, key) is None
    ]
    return stored_report(root, run) if removed else None


def format_report_line(file: Path) -> str:
    """Returns the line of the console that names a report."""
    return f"Report:   {display_path(file)}"
