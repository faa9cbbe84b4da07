"""Makes the pages of a root current at the end of a run, and never fails the run."""

import logging
from pathlib import Path
from types import TracebackType

from data.common.errors import UsageError, describe_error
from pipeline.history.run import Run
from pipeline.history.runs import REPORT_FILE, History
from pipeline.reporting.console import Console
from pipeline.reporting.lines import display_path

_log = logging.getLogger(__name__)


class PagesAfterRun:
    """A context that writes the pages when a run has ended, however it ended.

    A run whose input was refused before any work leaves no history, and so gets no report.
    """

    def __init__(self, root: Path, run: Run, console: Console):
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
    """Writes the report of a run, and returns a line with its path, or why it is missing."""
    try:
        # The libraries that it needs take a second to import: only when a run has ended.
        from pipeline.report_page.page import write_report

        return format_report_line(write_report(root, run))
    except Exception as error:
        _log.exception("the report could not be made")
        problem = " ".join(describe_error(error).split())
        return f"Report:   missing, because it cannot be made: {problem}; see the log"


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
