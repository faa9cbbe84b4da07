"""Parts of figures as inline SVG. Colours come from style.css, so that they suit light and dark.

All texts are escaped, and each figure has a label for people who do not see it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from markupsafe import Markup

# Width of a figure in pixels: it fits a telephone without being scaled down much.
WIDTH = 420
# Positions are rounded to hundredths of a pixel, which keeps the page small.
_DIGITS = 2
_STEPS = (1, 2, 5)


def figure(label: str, height: float, parts: Iterable[Markup], width: float = WIDTH) -> Markup:
    """Returns an SVG of a size in pixels with a label; it shrinks with the page."""
    return Markup(
        '<svg class="figure" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'width="{}" height="{}">{}</svg>'
    ).format(label, _n(width), _n(height), _n(width), _n(height), Markup("").join(parts))


def text(x: float, y: float, content: str, css: str = "") -> Markup:
    """Returns a text at a position; the classes `end` and `middle` align it, `small` is smaller."""
    return Markup('<text x="{}" y="{}" class="{}">{}</text>').format(_n(x), _n(y), css, content)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """Returns a line between two positions."""
    numbers = map(_n, (x1, y1, x2, y2))
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(*numbers, css)


def polyline(points: Sequence[tuple[float, float]], css: str) -> Markup:
    """Returns a line through positions."""
    positions = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    return Markup('<polyline points="{}" class="{}"/>').format(positions, css)


def box(x: float, y: float, width: float, height: float, css: str) -> Markup:
    """Returns a filled rectangle."""
    numbers = map(_n, (x, y, max(width, 0), max(height, 0)))
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(*numbers, css)


def dot(x: float, y: float, radius: float, css: str) -> Markup:
    """Returns a filled circle."""
    return Markup('<circle cx="{}" cy="{}" r="{}" class="{}"/>').format(
        _n(x), _n(y), _n(radius), css
    )


class Axis:
    """Maps values to positions in a figure, and knows where its ticks are."""

    def __init__(
        self, low: float, high: float, start: float, end: float, ticks: int = 5, whole: bool = False
    ):
        """Makes an axis.

        Args:
          low, high: The values at its ends; equal ones are moved apart.
          start, end: The positions of its ends.
          ticks: The number of ticks, at most twice as many.
          whole: Whether ticks are integers only.
        """
        self.low, self.high = (low, high) if high > low else (low - 0.5, low + 0.5)
        self.start, self.end = start, end
        step = _step((self.high - self.low) / ticks, whole)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        self.ticks = [number * step for number in range(first, last + 1)]

    def at(self, value: float) -> float:
        """Returns the position of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def draw_axes(
    x_axis: Axis,
    y_axis: Axis,
    left: float,
    right: float,
    x_text: Callable[[float], str],
    y_text: Callable[[float], str],
) -> Iterator[Markup]:
    """Yields two axes with ticks and a grid of horizontal lines.

    Args:
      x_axis: The horizontal axis, which may be shorter than the lines.
      y_axis: The vertical axis, which starts at the bottom.
      left, right: The ends of the horizontal lines.
      x_text, y_text: Return the value of a tick as text.
    """
    bottom = y_axis.start
    for tick in y_axis.ticks:
        y = y_axis.at(tick)
        yield line(left, y, right, y, "grid")
        yield text(left - 6, y + 4, y_text(tick), "end small")
    for tick in x_axis.ticks:
        x = x_axis.at(tick)
        yield line(x, bottom, x, bottom + 4, "axis")
        yield text(x, bottom + 17, x_text(tick), "middle small")
    yield line(left, bottom, right, bottom, "axis")


def share_axis(values: Iterable[float], start: float, end: float) -> Axis:
    """Returns an axis for shares from 0 to 1 that covers some values with a margin."""
    low, high = (values := list(values)) and (min(values), max(values))
    margin = max(0.15 * (high - low), 0.02)
    return Axis(max(low - margin, 0.0), min(high + margin, 1.0), start, end)


def _step(least: float, whole: bool) -> float:
    """Returns the smallest of 1, 2 and 5 times a power of ten that is not below a number."""
    power = 10.0 ** math.floor(math.log10(least))
    steps = [factor * power for factor in (*_STEPS, 10)]
    step = next(step for step in steps if step >= least * (1 - 1e-9))
    return max(round(step), 1) if whole else step


def _n(value: float) -> float:
    rounded = round(float(value), _DIGITS)
    return int(rounded) if rounded == int(rounded) else rounded
