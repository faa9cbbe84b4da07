"""Charts with two axes as inline SVG: curves over epochs, and the reliability diagram."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report_page.figures import whole_percent
from pipeline.report_page.svg import (
    WIDTH,
    Axis,
    box,
    dot,
    draw_axes,
    figure,
    line,
    polyline,
    text,
)

_LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 58, WIDTH - 22, 40, 210, 250


def curves(
    label: str,
    series: Mapping[str, Sequence[float]],
    marked: int,
    mark: str,
    format_value: Callable[[float], str],
) -> Markup:
    """Returns values by epoch, from epoch 1, as lines.

    Args:
      label: What the chart shows.
      series: The values by the name of the line, two lines at most. Values that are not finite,
        as of a training that diverged, are left out; there must be one that is.
      marked: The number of an epoch that is marked by a vertical line; 0 for none.
      mark: The text at that line.
      format_value: Returns a value of the vertical axis as text.
    """
    values = [value for line_ in series.values() for value in line_ if math.isfinite(value)]
    x_axis = Axis(1, max(len(v) for v in series.values()), _LEFT + 6, _RIGHT - 6, 6, whole=True)
    # Equal values are drawn in the middle of a range that does not enlarge rounding errors.
    margin = max(0.05 * (max(values) - min(values)), 0.02 * max(map(abs, values)))
    y_axis = Axis(min(values) - margin, max(values) + margin, _BOTTOM, _TOP)
    parts = [*_frame(x_axis, y_axis, str, format_value, "epoch")]
    if marked:
        x = x_axis.at(marked)
        parts.append(line(x, _TOP, x, _BOTTOM, "target"))
        parts.append(text(x, _TOP - 6, mark, f"small {'end' if x > WIDTH / 2 else ''}"))
    for index, (name, line_) in enumerate(series.items()):
        points = [
            (x_axis.at(epoch), y_axis.at(value))
            for epoch, value in enumerate(line_, 1)
            if math.isfinite(value)
        ]
        parts.append(polyline(points, f"curve row{index}"))
        parts += [dot(x, y, 3 if len(points) < 40 else 1.5, f"dot row{index}") for x, y in points]
        x = _LEFT + 130 * index
        parts.append(line(x, 12, x + 24, 12, f"curve row{index}"))
        parts.append(text(x + 30, 16, name))
    return figure(label, _HEIGHT, parts)


def reliability(label: str, bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Returns a reliability diagram: how often the model is right by how sure it is.

    Args:
      label: What the chart shows.
      bins: `examples`, `confidence` and `accuracy` of each bin that is not empty.
    """
    x_axis, y_axis = Axis(0, 1, _LEFT, _RIGHT), Axis(0, 1, _BOTTOM, _TOP)
    parts = [*_frame(x_axis, y_axis, whole_percent, whole_percent, "how sure the model is")]
    parts.append(line(x_axis.at(0), y_axis.at(0), x_axis.at(1), y_axis.at(1), "target"))
    points = [(x_axis.at(b["confidence"]), y_axis.at(b["accuracy"])) for b in bins]
    parts.append(polyline(points, "curve row0"))
    for (x, y), b in zip(points, bins, strict=True):
        parts.append(dot(x, y, 5, "dot row0"))
        above = y_axis.at(b["confidence"]) > y
        parts.append(text(x, y - 10 if above else y + 20, f"{b['examples']:,}", "middle small"))
    parts.append(text(_LEFT, 14, "how often it is right (numbers: images)", "small"))
    return figure(label, _HEIGHT, parts)


def _frame(
    x_axis: Axis,
    y_axis: Axis,
    x_text: Callable[[float], str],
    y_text: Callable[[float], str],
    x_title: str,
) -> Iterator[Markup]:
    """Yields the axes with their ticks."""
    yield box(_LEFT, _TOP, _RIGHT - _LEFT, _BOTTOM - _TOP, "frame")
    yield from draw_axes(x_axis, y_axis, _LEFT, _RIGHT, x_text, y_text)
    yield text((_LEFT + _RIGHT) / 2, _HEIGHT - 6, x_title, "middle small")
