"""What a run looks like: a live table on a terminal, plain lines everywhere else."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console as RichConsole
from rich.console import ConsoleDimensions, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from data.common.formatting import format_duration
from pipeline.history.runs import Step

_NAME_WIDTH = 17
# A refresh costs some 4 ms of one core.
_REFRESHES_PER_SECOND = 2
# Without a terminal, news that the next one replaces is written this seldom, in seconds.
_SELDOM = 60.0
_LOOKS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "yellow"),
    "done": ("✔", "green"),
    "cached": ("=", "cyan"),
    "failed": ("✘", "bold red"),
    "skipped": ("-", "dim"),
    "interrupted": ("■", "bold red"),
}


@dataclass(frozen=True)
class View:
    """How a run is to be shown.

    Attributes:
      plain: lines, even on a terminal.
      verbose: with all that TFX, Beam and TensorFlow print; lines too.
    """

    plain: bool = False
    verbose: bool = False


class Console:
    """One line a step; `pipeline.reporting.report` decides on the words."""

    def __init__(self, stream: TextIO):
        """Lines go to `stream`."""
        self._stream = stream
        self._indent = 0
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        """Begins."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Leaves the terminal as it was."""
        self.close()

    def say(self, line: str, style: str = "") -> None:
        """Shows a line that stays; `style` is Rich's."""
        self._stream.write(line + "\n")
        self._stream.flush()
        self._last = time.monotonic()

    def follow(self, steps: Sequence[Step]) -> None:
        """Sets the steps to show; whoever changes one calls `changed`."""

    def changed(self, step: Step) -> None:
        """Shows that a step began or ended."""
        self._indent = _NAME_WIDTH + 1
        if step.state != "running":
            start = f"{step.name:<{_NAME_WIDTH}} {step.state:<6} {step.seconds:6.1f} s  "
            self.say(f"{start}{step.found}{_cause(step)}".rstrip())

    def now(self, line: str, fraction: float | None = None, stays: bool = True) -> None:
        """Shows what is going on.

        Args:
          line: in words.
          fraction: how much of it is done, 0 to 1.
          stays: whether it is worth a line where nothing can be replaced.
        """
        if stays or time.monotonic() - self._last > _SELDOM:
            self.say(" " * self._indent + line)

    def close(self, keep: bool = True) -> None:
        """Ends the table: what is said from now on stands below it, or in its place."""


class LiveConsole(Console):
    """A table of the steps that changes in place, with a line below it on what is going on."""

    def __init__(self, stream: TextIO):
        """`stream` is a terminal."""
        super().__init__(stream)
        self._steps: Sequence[Step] = ()
        self._started = time.monotonic()
        self._spinner = Spinner("dots")
        self._line: tuple[str, float | None] | None = None
        self._rich = RichConsole(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._rich,
            get_renderable=self._picture,
            refresh_per_second=_REFRESHES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def say(self, line: str, style: str = "") -> None:
        self._rich.print(Text(line, style))

    def follow(self, steps: Sequence[Step]) -> None:
        self._steps = steps

    def changed(self, step: Step) -> None:
        self._started = time.monotonic()
        self._line = None
        self._live.refresh()

    def now(self, line: str, fraction: float | None = None, stays: bool = True) -> None:
        self._line = (line, fraction)

    def close(self, keep: bool = True) -> None:
        self._line = None
        self._live.transient = not keep
        self._live.stop()

    def _picture(self) -> Group:
        # Rich would ask descriptors 0 to 2, which lead to the log file while a run is going.
        columns, lines = os.get_terminal_size(self._stream.fileno())
        self._rich.size = ConsoleDimensions(columns or 80, lines or 25)
        below = [self._going_on()] if self._line else []
        return Group(self._table(), *below)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for step in self._steps:
            mark, style = _LOOKS[step.state]
            running = step.state == "running"
            seconds = time.monotonic() - self._started if running else step.seconds
            time_taken = f"{seconds:.1f} s" if running or seconds else ""
            found = Text(step.found or ("" if step.state == "done" else step.state))
            found.append(_cause(step), "dim")
            table.add_row(Text(mark, style), Text(step.name, style), Text(time_taken, "dim"), found)
        return table

    def _going_on(self) -> Table:
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
    """Returns the table if `stream` is a terminal that can show it, else plain lines."""
    able = RichConsole(file=stream)
    if view.plain or view.verbose or not stream.isatty() or able.is_dumb_terminal:
        return Console(stream)
    return LiveConsole(stream)


def _cause(step: Step) -> str:
    return f"  ({step.why})" if step.why not in ("", "first run") else ""
