"""A progress bar for commands that have no steps."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import DownloadColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from data.common.errors import DataRefused, UsageError
from pipeline.reporting.log_capture import captured_output
from pipeline.reporting.report import PROGRESS_LOGGER


@contextlib.contextmanager
def progress_bar(of_bytes: bool = False) -> Iterator[None]:
    """Shows what is logged to `flowers.progress` while it is open, and none of the noise of others.

    It counts things, or bytes.

    Records with the attribute `total` start a bar, those with `advance` move it; without a terminal
    there is none. Records of level INFO and above are lines. The noise goes to a file, which stays
    where the work failed.
    """
    logger = logging.getLogger(PROGRESS_LOGGER)
    logger.setLevel(logging.DEBUG)
    done = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = (*Progress.get_default_columns()[:-1], done, TimeRemainingColumn())
    descriptor, name = tempfile.mkstemp(prefix="flowers-", suffix=".log")
    os.close(descriptor)
    log = Path(name)
    with captured_output(log) as stream:
        console = Console(file=stream, highlight=False, markup=False)
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            handler = _BarHandler(bar)
            logger.addHandler(handler)
            try:
                yield
                log.unlink()
            except (UsageError, DataRefused):
                log.unlink()
                raise
            except Exception:
                console.print(f"Failed; all that was logged is in {log}")
                raise
            finally:
                logger.removeHandler(handler)


class _BarHandler(logging.Handler):
    """Moves a bar by log records."""

    def __init__(self, bar: Progress):
        super().__init__(logging.DEBUG)
        self._bar = bar

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "total"):
            self._bar.add_task(record.getMessage(), total=record.total)
        elif hasattr(record, "advance"):
            for task in self._bar.task_ids:
                self._bar.advance(task, record.advance)
        elif record.levelno >= logging.INFO:
            self._bar.console.print(record.getMessage())
