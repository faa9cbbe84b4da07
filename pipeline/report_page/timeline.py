"""The chart of a root: the metric of its runs in their order, and what became of each model."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.report_page.figures import percent
from pipeline.report_page.svg import figure, line, share_axis, text

_HEIGHT, _LEFT, _TOP, _BOTTOM = 260, 52, 30, 36
# The distance of two runs: as wide as there is room, but never so narrow that marks touch.
_ROOM, _WIDEST, _NARROWEST = 700, 64, 26
# Outlines of 12 pixels: what became of a model must be visible without colours.
_OUTLINES = {
    "pushed": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
    "refused": "M-5 -5L5 5M-5 5L5 -5",
    "withdrawn": "M-6 -5L6 -5L0 6z",
    "promoted": "M-6 5L6 5L0 -6z",
    "not pushed": "M-5 0L0 -5L5 0L0 5z",
}
MARKS = {
    "pushed": "pushed",
    "refused": "refused by the gate",
    "withdrawn": "pushed, and withdrawn later",
    "promoted": "pushed by hand (promoted)",
    "not pushed": "ended otherwise",
}


@dataclass(frozen=True)
class Point:
    """A run with a verdict.

    Attributes:
      day: The day of its start, such as `2026-11-24`.
      value: The value of the metric, in [0, 1].
      low, high: Its 95 % interval.
      target: The target.
      mark: What became of the model, a key of MARKS.
      label: The run in words, for people who point at it.
    """

    day: str
    value: float
    low: float
    high: float
    target: float
    mark: str
    label: str


@dataclass(frozen=True)
class Event:
    """A change by hand: its number in a list below the chart, and how many runs are before it."""

    number: int
    after: int


def timeline(label: str, points: Sequence[Point], events: Sequence[Event] = ()) -> Markup:
    """Returns the chart of runs, oldest on the left, with the changes by hand between them."""
    scale = _Scale(points)
    parts = [*_grid(scale), *_days(scale, points), *_targets(scale, points)]
    parts += _events(scale, events)
    parts += [_draw(point, scale.x(index), scale) for index, point in enumerate(points)]
    return figure(label, _HEIGHT, parts, scale.width)


def symbol(mark: str) -> Markup:
    """Returns the outline of a mark as a small picture for the legend."""
    shape = Markup('<path d="{}" class="mark {}" transform="translate(8 8)"/>')
    outline = shape.format(_OUTLINES[mark], mark.replace(" ", "-"))
    return Markup('<svg width="16" height="16" aria-hidden="true">{}</svg>').format(outline)


class _Scale:
    """The positions of runs and values; the vertical axis covers all intervals and targets."""

    def __init__(self, points: Sequence[Point]):
        values = [v for point in points for v in (point.low, point.high, point.target)]
        self.values = share_axis(values, start=_HEIGHT - _BOTTOM, end=_TOP)
        self.step = min(_WIDEST, max(_NARROWEST, _ROOM / len(points)))
        self.width = _LEFT + self.step * len(points) + 30

    def x(self, index: float) -> float:
        """Returns the position of a run."""
        return _LEFT + self.step * (index + 0.5)

    def y(self, value: float) -> float:
        """Returns the position of a value."""
        return self.values.at(value)


def _grid(scale: _Scale) -> Iterator[Markup]:
    for tick in scale.values.ticks:
        yield line(_LEFT, scale.y(tick), scale.width, scale.y(tick), "grid")
        yield text(_LEFT - 8, scale.y(tick) + 4, percent(tick, 0), "end small")


def _days(scale: _Scale, points: Sequence[Point]) -> Iterator[Markup]:
    """Yields the days below the first run of each, as far as there is room."""
    room, before = 0.0, ""
    for index, point in enumerate(points):
        if point.day != before and scale.x(index) >= room:
            yield text(scale.x(index) - 6, _HEIGHT - 12, point.day, "small")
            room = scale.x(index) + 84
        before = point.day


def _targets(scale: _Scale, points: Sequence[Point]) -> Iterator[Markup]:
    """Yields the target as a line that is interrupted where it changes."""
    start = 0
    for index, point in enumerate(points):
        if index + 1 == len(points) or points[index + 1].target != point.target:
            y = scale.y(point.target)
            yield line(scale.x(start - 0.5), y, scale.x(index + 0.5), y, "target")
            start = index + 1


def _events(scale: _Scale, events: Sequence[Event]) -> Iterator[Markup]:
    """Yields a vertical line for the changes by hand between two runs, with their numbers."""
    for after, group in itertools.groupby(events, key=lambda event: event.after):
        x = scale.x(after - 0.5)
        yield line(x, _TOP, x, _HEIGHT - _BOTTOM, "event")
        yield text(x, _TOP - 8, ", ".join(str(event.number) for event in group), "middle small")


def _draw(point: Point, x: float, scale: _Scale) -> Markup:
    shape = Markup('<path d="{}" class="mark {}" transform="translate({} {})"/>').format(
        _OUTLINES[point.mark], point.mark.replace(" ", "-"), round(x, 2),
        round(scale.y(point.value), 2),
    )  # fmt: skip
    interval = line(x, scale.y(point.low), x, scale.y(point.high), "interval")
    return Markup("<g><title>{}</title>{}{}</g>").format(point.label, interval, shape)
