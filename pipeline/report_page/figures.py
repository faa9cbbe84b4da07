"""Figures as inline SVG. Text and colours come from style.css, so that they suit light and dark.

Each figure has a label that says what it shows, for people who do not see it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDTH = 420
# Numbers of pixels are rounded: a hundredth is invisible, and the page stays small.
_DIGITS = 2


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval, drawn as a dot on a line.

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
    return f"{100 * value:.{digits}f} %"


def figure(label: str, width: float, height: float, parts: Iterable[Markup]) -> Markup:
    """Returns an SVG of a size in pixels with a label; it shrinks with the page."""
    return Markup(
        '<svg class="figure" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'width="{}" height="{}">{}</svg>'
    ).format(label, width, height, width, height, Markup("").join(parts))


def text(x: float, y: float, content: str, css: str = "") -> Markup:
    """Returns a text at a position; the classes `end` and `middle` align it."""
    return Markup('<text x="{}" y="{}" class="{}">{}</text>').format(_n(x), _n(y), css, content)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """Returns a line between two positions."""
    numbers = map(_n, (x1, y1, x2, y2))
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(*numbers, css)


def box(x: float, y: float, width: float, height: float, css: str) -> Markup:
    """Returns a filled rectangle."""
    numbers = map(_n, (x, y, max(width, 0), height))
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(*numbers, css)


def dot(x: float, y: float, radius: float, css: str) -> Markup:
    """Returns a filled circle."""
    return Markup('<circle cx="{}" cy="{}" r="{}" class="{}"/>').format(_n(x), _n(y), radius, css)


def interval_lines(
    label: str, rows: Sequence[Interval], target: float | None = None, target_label: str = ""
) -> Markup:
    """Returns values with their intervals below each other, on one axis, with a target across.

    Args:
      label: What the figure shows.
      rows: The values.
      target: A value that is marked by a vertical line; None for none.
      target_label: The text at that line.
    """
    ends = [end for row in rows for end in (row.low, row.high)]
    ends += [] if target is None else [target]
    axis = _Axis(min(ends), max(ends), left=12, right=_WIDTH - 12)
    top, step = 26, 44
    bottom = top + step * len(rows)
    parts = [line(axis.left, bottom, axis.right, bottom, "axis")]
    for tick in axis.ticks:
        parts.append(line(axis.x(tick), top, axis.x(tick), bottom, "grid"))
        parts.append(text(axis.x(tick), bottom + 16, percent(tick, 0), "middle small"))
    for index, row in enumerate(rows):
        y = top + step * index + 32
        parts.append(text(axis.left, y - 14, row.label))
        parts.append(text(axis.right, y - 14, row.note, "end"))
        parts.append(line(axis.x(row.low), y, axis.x(row.high), y, f"interval row{index}"))
        parts.append(dot(axis.x(row.value), y, 6, f"dot row{index}"))
    if target is not None:
        x = axis.x(target)
        parts.append(line(x, top - 8, x, bottom, "target"))
        parts.append(_beside(x, top - 12, target_label))
    return figure(label, _WIDTH, bottom + 22, parts)


class _Axis:
    """A horizontal axis of shares that covers some values with a margin."""

    def __init__(self, low: float, high: float, left: float, right: float):
        self.left, self.right = left, right
        margin = max(0.15 * (high - low), 0.02)
        self._low, self._high = max(low - margin, 0.0), min(high + margin, 1.0)
        span = self._high - self._low
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if span / s <= 6)
        first = -int(-self._low / step // 1)
        last = int(self._high / step + 1e-9)
        self.ticks = [number * step for number in range(first, last + 1)]

    def x(self, value: float) -> float:
        """Returns the position of a value."""
        share = (value - self._low) / (self._high - self._low)
        return self.left + share * (self.right - self.left)


def _beside(x: float, y: float, content: str) -> Markup:
    """Returns a text at a position, aligned so that it stays inside the figure."""
    third = _WIDTH / 3
    css = "middle" if third < x < 2 * third else "end" if x >= 2 * third else ""
    return text(x, y, content, f"{css} small")


def _n(value: float) -> float:
    return round(float(value), _DIGITS)
