"""The console of a run: a live table on a terminal, plain lines everywhere else."""

import os
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console as RichConsole
from rich.console import ConsoleDimensions, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from components.tuner.trials import Search
from data.common.formatting import format_duration
from pipeline.history.run import STEP_WIDTH, Step
from pipeline.reporting.trials_table import TrialsTable
from pipeline.reporting.view import View

# A refresh takes about 4 ms of one core.
_REFRESHES_PER_SECOND = 2
# Without a terminal, the shortest time in seconds between lines that would be replaced.
_QUIET_SECONDS = 60.0
_MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "yellow"),
    "done": ("✔", "green"),
    "cached": ("=", "cyan"),
    "failed": ("✘", "bold red"),
    "skipped": ("-", "dim"),
    "interrupted": ("■", "bold red"),
}


class Console:
    """Prints a line for each step; `pipeline.reporting.report` writes the text."""

    def __init__(self, stream: TextIO):
        """Takes the stream that the lines are written to."""
        self._stream = stream
        self._indent = 0
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        """Starts the display."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Restores the terminal."""
        self.close()

    def print_line(self, line: str, style: str = "") -> None:
        """Prints a permanent line; `style` is a style of Rich."""
        self._stream.write(line + "\n")
        self._stream.flush()
        self._last = time.monotonic()

    def set_steps(self, steps: Sequence[Step]) -> None:
        """Sets the steps to show; call `step_changed` after each change of one."""

    def step_changed(self, step: Step) -> None:
        """Shows that a step started or ended."""
        self._indent = STEP_WIDTH + 1
        if step.state != "running":
            start = f"{step.name:<{STEP_WIDTH}} {step.state:<6} {step.seconds:6.1f} s  "
            self.print_line(f"{start}{step.found}{_cause(step)}".rstrip())

    def show_activity(self, line: str, fraction: float | None = None, stays: bool = True) -> None:
        """Shows the current activity.

        Args:
          line: The activity.
          fraction: The completed fraction, 0 to 1, or None.
          stays: Whether to print it where lines cannot be replaced.
        """
        if stays or time.monotonic() - self._last > _QUIET_SECONDS:
            self.print_line(" " * self._indent + line)

    def set_trials(self, search: Search) -> None:
        """Sets the trials of a search to show; call it after each change of one."""

    def close(self, keep: bool = True) -> None:
        """Ends the table: later lines are printed below it, or replace it unless `keep`."""


class LiveConsole(Console):
    """A table of the steps, updated in place, with the current activity below it."""

    def __init__(self, stream: TextIO):
        """Takes a stream that is a terminal."""
        super().__init__(stream)
        self._steps: Sequence[Step] = ()
        self._started = time.monotonic()
        self._spinner = Spinner("dots")
        self._line: tuple[str, float | None] | None = None
        self._trials: TrialsTable | None = None
        self._rich = RichConsole(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._rich,
            get_renderable=self._render,
            refresh_per_second=_REFRESHES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def print_line(self, line: str, style: str = "") -> None:
        self._rich.print(Text(line, style))

    def set_steps(self, steps: Sequence[Step]) -> None:
        self._steps = steps

    def step_changed(self, step: Step) -> None:
        self._started = time.monotonic()
        self._line = None
        self._live.refresh()

    def show_activity(self, line: str, fraction: float | None = None, stays: bool = True) -> None:
        self._line = (line, fraction)

    def set_trials(self, search: Search) -> None:
        self._trials = TrialsTable(search)

    def close(self, keep: bool = True) -> None:
        self._line = None
        self._live.transient = not keep
        self._live.stop()

    def _render(self) -> Group:
        # Rich would ask descriptors 0 to 2, which point to the log file during a run.
        columns, lines = os.get_terminal_size(self._stream.fileno())
        self._rich.size = ConsoleDimensions(columns or 80, lines or 25)
        trials = [self._trials.render()] if self._trials else []
        below = [self._activity()] if self._line else []
        return Group(self._table(), *trials, *below)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for step in self._steps:
            mark, style = _MARKS[step.state]
            running = step.state == "running"
            seconds = time.monotonic() - self._started if running else step.seconds
            time_taken = f"{seconds:.1f} s" if running or seconds else ""
            found = Text(step.found or ("" if step.state == "done" else step.state))
            found.append(_cause(step), "dim")
            table.add_row(Text(mark, style), Text(step.name, style), Text(time_taken, "dim"), found)
        return table

    def _activity(self) -> Table:
        line, fraction = self._line or ("", None)
        row = Table.grid(padding=(0, 1))
        if fraction is None:
            row.add_row(
                self._spinner, f"{line}  {format_duration(time.monotonic() - self._started)}"
            )
        else:
            row.add_row(self._spinner, ProgressBar(1.0, fraction, width=20), line)
        return row


def console_on(stream: TextIO, view: View) -> Console:
    """Returns a live table if `stream` is a terminal that can show it, else plain lines."""
    terminal = RichConsole(file=stream)
    if view.plain or view.verbose or not stream.isatty() or terminal.is_dumb_terminal:
        return Console(stream)
    return LiveConsole(stream)


def _cause(step: Step) -> str:
    return f"  ({step.why})" if step.why not in ("", "first run") else ""
