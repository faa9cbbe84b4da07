"""The table of the trials of a search, for the console."""

import time
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from components.tuner.formatting import short_names
from components.tuner.trials import Search, Trial
from data.common.formatting import format_duration, format_value

_MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▶", "yellow"),
    "done": ("✔", "green"),
    "stopped early": ("-", "dim"),
    "failed": ("✘", "bold red"),
    "interrupted": ("■", "bold red"),
    "out of time": ("■", "yellow"),
}
# The newest trials that the table shows, besides the best one; a terminal has few lines.
_MOST_ROWS = 12


class TrialsTable:
    """A search as a table that is rendered again and again while a trial runs."""

    def __init__(self, search: Search):
        """Takes the search as it is now."""
        self._search, self._since = search, time.monotonic()

    def render(self) -> Group:
        """Returns the table, and a line with what is left of the budget."""
        search = self._search
        shown = search.trials[-_MOST_ROWS:]
        best = search.best
        if best and best not in shown:
            shown = [best, *shown]
        lines = [Text(f"  {hidden} more trials", "dim")] if (hidden := self._hidden(shown)) else []
        return Group(*lines, self._table(shown), Text(f"  {self._budget()}", "dim"))

    def _hidden(self, shown: Sequence[Trial]) -> int:
        return len(self._search.trials) - len(shown)

    def _table(self, shown: Sequence[Trial]) -> Table:
        keys = list(shown[0].values) if shown else []
        names = short_names(keys)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for title in ("", "trial", *names.values(), "epoch", "eval accuracy", "state"):
            table.add_column(title, justify="right" if title in ("trial", "epoch") else "left")
        for trial in shown:
            mark, style = _MARKS[trial.state]
            cells = [format_value(trial.values[key]) for key in keys]
            row = [mark, str(trial.number), *cells, _epoch(trial), _accuracy(trial)]
            is_best = trial is self._search.best
            table.add_row(*(Text(cell, style) for cell in row), _state(trial, is_best, style))
        return table

    def _budget(self) -> str:
        """Returns how many trials, and how much time, are left of what was asked for."""
        search = self._search
        ended = sum(trial.ended for trial in search.trials)
        text = f"{ended} of {search.trials_wanted} trials have ended"
        if search.seconds_left is None:
            return text
        left = max(search.seconds_left - (time.monotonic() - self._since), 0.0)
        return f"{text}, {format_duration(left)} of {search.minutes_wanted:g} min left"


def _epoch(trial: Trial) -> str:
    return f"{len(trial.accuracies)}/{trial.epochs}" if trial.epochs else ""


def _accuracy(trial: Trial) -> str:
    """Returns the best accuracy, which decides, and before it the newest one while it trains."""
    if not trial.best_epoch:
        return ""
    best = f"{trial.eval_accuracy:.3f}"
    return f"{best} (now {trial.accuracies[-1]:.3f})" if trial.state == "running" else best


def _state(trial: Trial, is_best: bool, style: str) -> Text:
    text = Text(f"{trial.state}{', best' if is_best else ''}", style)
    if trial.reason:
        text.append(f": {trial.reason}", "dim")
    return text
