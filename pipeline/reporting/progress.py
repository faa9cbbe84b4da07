"""A progress bar for commands without steps."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import DownloadColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from data.common.errors import DataRefused, UsageError
from data.common.progress import PROGRESS_LOGGER
from pipeline.reporting.log_capture import captured_output


@contextlib.contextmanager
def progress_bar(of_bytes: bool = False, on_stderr: bool = False) -> Iterator[None]:
    """Shows what is logged to `flowers.progress`, and hides all other output.

    A record with the attribute `total` starts a bar, and one with `advance` moves it; one with
    `fraction` shows that part of the work that its message names. Without a terminal there is no
    bar. Records of level INFO and above are printed as lines. The other output
    goes to a temporary file, which is kept if the command fails.

    Args:
      of_bytes: Whether the bar counts bytes.
      on_stderr: Whether bar and lines go to standard error instead of standard output.
    """
    logger = logging.getLogger(PROGRESS_LOGGER)
    logger.setLevel(logging.DEBUG)
    done = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = (*Progress.get_default_columns()[:-1], done, TimeRemainingColumn())
    descriptor, name = tempfile.mkstemp(prefix="flowers-", suffix=".log")
    os.close(descriptor)
    log = Path(name)
    with captured_output(log, on_stderr=on_stderr) as stream:
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
                console.print(f"Failed; the full log is {log}")
                raise
            finally:
                logger.removeHandler(handler)


class _BarHandler(logging.Handler):
    """Updates a bar from log records."""

    def __init__(self, bar: Progress):
        super().__init__(logging.DEBUG)
        self._bar = bar

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "total"):
            self._bar.add_task(record.getMessage(), total=record.total)
        elif hasattr(record, "fraction"):
            self._show_fraction(record.getMessage(), record.fraction)
        elif hasattr(record, "advance"):
            for task in self._bar.task_ids:
                self._bar.advance(task, record.advance)
        elif record.levelno >= logging.INFO:
            self._bar.console.print(record.getMessage())

    def _show_fraction(self, message: str, fraction: float) -> None:
        if not self._bar.task_ids:
            self._bar.add_task(message, total=1)
        self._bar.update(self._bar.task_ids[0], description=message, completed=fraction)
