"""`flowers report --all`: the index of a root, and the reports that are missing."""

import logging
from collections.abc import Iterator
from pathlib import Path

from data.common.errors import UsageError, describe_error
from data.common.formatting import format_list
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.report_page.index import write_index
from pipeline.report_page.page import write_report
from pipeline.report_page.refresh import stored_report
from pipeline.report_page.sources import ReportSources
from pipeline.reporting.lines import display_path

_log = logging.getLogger(__name__)


def write_all(root: Path) -> Iterator[str]:
    """Writes the reports that are missing, and the index; yields lines that say what was done.

    A report is not written for a run that is running, that was skipped, or whose files are gone.

    Raises:
      UsageError: There is no such root.
    """
    if not root.is_dir():
        raise UsageError(f"--root: {root} does not exist")
    runs = [run for run in History(root).runs() if run.state not in ("running", "skipped")]
    lacking = [run for run in runs if not stored_report(root, run)]
    incomplete = [run for run in lacking if not _is_complete(root, run)]
    for run in lacking:
        if run not in incomplete:
            yield _write(root, run)
    yield f"Reports that had been written before: {len(runs) - len(lacking)}"
    if incomplete:
        yield (
            f"Runs without a report: {len(incomplete)}, because their files were removed or an "
            f"earlier version of flowers made them: {format_list([r.run_id for r in incomplete])}; "
            "`flowers report RUN` writes one with what is left"
        )
    yield f"Index:    {display_path(write_index(root))}"


def _is_complete(root: Path, run: Run) -> bool:
    """Returns whether all that a report shows of a run is there, as far as the run came."""
    sources = ReportSources(root, run)
    outputs = {"ExampleGen": "examples", "Predictions": "predictions"}
    finished = [step.name for step in run.steps if step.state in ("done", "cached")]
    if "Gate" in finished and "Predictions" not in finished:
        return False
    return all(sources.artifact(s, key) for s, key in outputs.items() if s in finished)


def _write(root: Path, run: Run) -> str:
    try:
        return f"Report:   {display_path(write_report(root, run))}"
    except Exception as error:
        # One report that cannot be made must not keep the others from being made.
        _log.debug("the report of run %s could not be made", run.run_id, exc_info=True)
        return f"Report of run {run.run_id}: missing, {describe_error(error)}"
