"""Figures of values with their intervals, and plain bars, as inline SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.report_page.svg import WIDTH, Axis, box, dot, figure, line, share_axis, text

_MARGIN = 12
_ROW = 44


@dataclass(frozen=True)
class Interval:
    """A share with its 95 % interval.

    Attributes:
      label: What the value belongs to.
      value: The value, in [0, 1].
      low, high: The interval; equal to the value if there is none.
      note: A text beside the value.
    """

    label: str
    value: float
    low: float
    high: float
    note: str = ""


def percent(value: float, digits: int = 1) -> str:
    """Returns a share as text, such as `84.1 %`."""
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def whole_percent(value: float) -> str:
    """Returns a share as text without decimals, such as `84 %`."""
    return percent(value, 0)


def with_interval(value: float, low: float, high: float) -> str:
    """Returns a share with its interval as text, such as `84.1 % (79.5 % to 87.8 %)`."""
    return f"{percent(value)} ({percent(low)} to {percent(high)})"


def measured(label: str, value: float, low: float, high: float) -> Interval:
    """Returns a share whose note are its value and its interval."""
    return Interval(label, value, low, high, with_interval(value, low, high))


def interval_lines(
    label: str, rows: Sequence[Interval], target: float | None = None, target_label: str = ""
) -> Markup:
    """Returns values with their intervals below each other, on one axis, with a target across.

    Args:
      label: What the figure shows.
      rows: The values.
      target: A value that is marked on each line; None for none.
      target_label: The text at that mark.
    """
    marked = [] if target is None else [target]
    ends = [end for row in rows for end in (row.low, row.high, row.value)]
    axis = share_axis([*ends, *marked], _MARGIN + 12, WIDTH - _MARGIN - 12)
    top = 26
    bottom = top + _ROW * len(rows)
    parts = [*_grid(axis, top, bottom)]
    if target is not None:
        x = axis.at(target)
        parts += [line(x, top - 8, x, top - 2, "goal"), _beside(x, top - 12, target_label)]
    for index, row in enumerate(rows):
        y = top + _ROW * index + 32
        parts += _names(row, y - 13)
        parts.append(line(axis.at(row.low), y, axis.at(row.high), y, f"interval row{index}"))
        parts.append(dot(axis.at(row.value), y, 6, f"dot row{index}"))
        if target is not None:
            parts.append(line(axis.at(target), y - 9, axis.at(target), y + 9, "goal"))
    return figure(label, bottom + 22, parts)


def interval_bars(label: str, rows: Sequence[Interval], reference: float | None = None) -> Markup:
    """Returns a bar for each value from 0 to 100 %, with its interval as a line across its end.

    Args:
      label: What the figure shows.
      rows: The values.
      reference: A value that is marked on each bar; None for none.
    """
    axis = Axis(0, 1, _MARGIN + 12, WIDTH - _MARGIN - 12)
    top = 4
    bottom = top + _ROW * len(rows)
    parts = [*_grid(axis, top, bottom)]
    for index, row in enumerate(rows):
        y = top + _ROW * index + 20
        parts += _names(row, y - 5)
        parts.append(box(axis.start, y, axis.at(row.value) - axis.start, 14, "bar"))
        parts.append(line(axis.at(row.low), y + 7, axis.at(row.high), y + 7, "whisker"))
        if reference is not None:
            x = axis.at(reference)
            parts.append(line(x, y - 3, x, y + 17, "goal"))
    return figure(label, bottom + 22, parts)


def small_interval(row: Interval) -> Markup:
    """Returns a share with its interval on a line from 0 to 1, beside the number as text."""
    axis = Axis(0, 1, 4, 116)
    return Markup(
        '<svg class="figure cell" aria-hidden="true" width="120" height="14">{}</svg>'
    ).format(
        line(axis.start, 7, axis.end, 7, "grid")
        + line(axis.at(row.low), 7, axis.at(row.high), 7, "interval")
        + dot(axis.at(row.value), 7, 4, "dot")
    )


def describe(rows: Sequence[Interval]) -> str:
    """Returns the values of a figure as text, for people who do not see it."""
    return "; ".join(f"{row.label} {row.note or percent(row.value)}" for row in rows)


def bars(label: str, rows: Sequence[tuple[str, float, str]]) -> Markup:
    """Returns a bar for each name, value and text of the value; the longest fills the width."""
    longest = max([value for _, value, _ in rows], default=0) or 1
    axis = Axis(0, longest, 150, WIDTH - 80)
    parts = []
    for index, (name, value, note) in enumerate(rows):
        y = 4 + 24 * index
        parts.append(text(axis.start - 8, y + 13, name, "end"))
        parts.append(box(axis.start, y, max(axis.at(value) - axis.start, 1), 16, "bar"))
        parts.append(text(axis.at(value) + 6, y + 13, note, "small"))
    return figure(label, 8 + 24 * len(rows), parts)


def _grid(axis: Axis, top: float, bottom: float) -> Iterator[Markup]:
    """Yields vertical lines with percentages below them."""
    for tick in axis.ticks:
        yield line(axis.at(tick), top, axis.at(tick), bottom, "grid")
        yield text(axis.at(tick), bottom + 16, percent(tick, 0), "middle small")
    yield line(axis.start, bottom, axis.end, bottom, "axis")


def _names(row: Interval, y: float) -> list[Markup]:
    return [text(_MARGIN, y, row.label), text(WIDTH - _MARGIN, y, row.note, "end")]


def _beside(x: float, y: float, content: str) -> Markup:
    """Returns a text at a position, aligned so that it stays inside the figure."""
    css = "middle" if WIDTH / 3 < x < WIDTH * 2 / 3 else "end" if x >= WIDTH * 2 / 3 else ""
    return text(x, y, content, f"{css} small")
