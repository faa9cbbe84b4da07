"""The picture of `flowers lineage`: the steps that led to a version, in layers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import mean
from textwrap import fill, shorten
from typing import TYPE_CHECKING

from pipeline.history.run import Run
from pipeline.reporting.pictures import save_picture
from pipeline.steps import STEPS, upstream

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# All coordinates are in inches.
BOX_WIDTH, BOX_HEIGHT = 2.7, 0.62
_COLUMN, _ROW, _MARGIN = 3.0, 1.1, 0.3
# Two lines of this many characters fit into a box, with a font of 7 points.
_LINE_CHARACTERS = 42
_SWEEPS = 4

Point = tuple[float, float]
Edge = tuple[str, str]
# What has a place in a layer: the box of a step, or an arrow that passes through.
_Slot = str | Edge
_Links = list[tuple[_Slot, _Slot]]


@dataclass(frozen=True)
class Layout:
    """Where the boxes and arrows of a picture are.

    Attributes:
      boxes: The centre of the box of each step.
      arrows: For each source and target, the points of an arrow from the lower edge of the source's
        box to the upper edge of the target's.
    """

    boxes: dict[str, Point]
    arrows: dict[Edge, list[Point]]


def draw_lineage(run: Run, version: int, file: Path) -> str:
    """Writes a PNG: the steps that led to a version, their dependencies, and their summaries.

    Returns:
      Why the picture is missing, see `save_picture`; empty if it was drawn.
    """
    return save_picture(file, partial(_draw_steps, run, version))


def lay_out(steps: Sequence[str]) -> Layout:
    """Returns a layered layout of steps: each is below all steps that it depends on.

    An arrow that skips a layer has a place of its own there, so that it crosses no box (Sugiyama,
    Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", 1981).
    A dependency that follows from others gets no arrow.
    """
    edges = [(source, step) for step in steps for source in _sources(step, steps)]
    rows = _rows(steps)
    chains = {edge: _chain(edge, rows) for edge in edges}
    layers = _order(_layers(rows, edges), chains.values(), rows)
    places = {
        (slot, row): ((index - (len(layer) - 1) / 2) * _COLUMN, -row * _ROW)
        for row, layer in enumerate(layers)
        for index, slot in enumerate(layer)
    }
    arrows = {
        edge: _route([places[slot, row] for row, slot in enumerate(chain, rows[edge[0]])])
        for edge, chain in chains.items()
    }
    return Layout({step: places[step, row] for step, row in rows.items()}, arrows)


def _sources(step: str, steps: Collection[str]) -> list[str]:
    """Returns the steps whose outputs a step reads, except those that another of them reads too."""
    # A run of an older version of this program may have other steps.
    after = [s for s in (STEPS[step].after if step in STEPS else ()) if s in steps]
    return [s for s in after if not any(s in upstream([other]) for other in after if other != s)]


def _rows(steps: Sequence[str]) -> dict[str, int]:
    """Returns the layer of each step, 0 for those that depend on nothing."""
    depths = {step: _depth(step) for step in steps}
    used = sorted(set(depths.values()))
    return {step: used.index(depth) for step, depth in depths.items()}


def _depth(step: str) -> int:
    """Returns the length of the longest path to a step."""
    after = STEPS[step].after if step in STEPS else ()
    return max((_depth(name) + 1 for name in after), default=0)


def _chain(edge: Edge, rows: dict[str, int]) -> list[_Slot]:
    """Returns what an arrow goes through: its source, itself in layers between, its target."""
    source, target = edge
    return [source, *[edge] * (rows[target] - rows[source] - 1), target]


def _layers(rows: dict[str, int], edges: Collection[Edge]) -> list[list[_Slot]]:
    """Returns what has a place in each layer."""
    return [
        [
            *(step for step in rows if rows[step] == row),
            *(edge for edge in edges if rows[edge[0]] < row < rows[edge[1]]),
        ]
        for row in range(max(rows.values(), default=-1) + 1)
    ]


def _order(
    layers: list[list[_Slot]], chains: Collection[list[_Slot]], rows: dict[str, int]
) -> list[list[_Slot]]:
    """Sorts the layers, upwards and downwards in turn, so that few arrows cross each other."""
    links: list[_Links] = [[] for _ in layers]
    for chain in chains:
        for row, link in enumerate(pairwise(chain), rows[str(chain[0])]):
            links[row].append(link)
    for _ in range(_SWEEPS):
        for row in reversed(range(len(layers) - 1)):
            upwards = [(lower, upper) for upper, lower in links[row]]
            layers[row] = _sorted(layers[row], layers[row + 1], upwards)
        for row in range(1, len(layers)):
            layers[row] = _sorted(layers[row], layers[row - 1], links[row - 1])
    return layers


def _sorted(layer: list[_Slot], fixed: list[_Slot], links: _Links) -> list[_Slot]:
    """Returns a layer in the order of the mean places of the slots of `fixed` linked to each."""
    middle = {}
    for index, slot in enumerate(layer):
        linked = [fixed.index(other) - len(fixed) / 2 for other, here in links if here == slot]
        middle[slot] = mean(linked or [index - len(layer) / 2])
    return sorted(layer, key=lambda slot: middle[slot])


def _route(centres: Sequence[Point]) -> list[Point]:
    """Returns the points of an arrow: it passes straight down through the layers between."""
    half = BOX_HEIGHT / 2
    points = [point for x, y in centres for point in ((x, y + half), (x, y - half))]
    return points[1:-1]


def _draw_steps(run: Run, version: int, figure: "Figure") -> None:
    layout = lay_out([step.name for step in run.steps])
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    _fit(layout, axes, figure)
    for points in layout.arrows.values():
        _draw_arrow(points, axes)
    for step in run.steps:
        _draw_box(step.name, step.found, layout.boxes[step.name], axes)
    title = f"version {version}: run {run.run_id}, {run.setting('data.source')}"
    figure.text(0.5, 1 - 0.2 / figure.get_figheight(), title, ha="center", va="center")


def _fit(layout: Layout, axes: "Axes", figure: "Figure") -> None:
    """Sets the size of the figure, so that a unit of the axes is an inch."""
    xs, ys = zip(*layout.boxes.values(), strict=True) if layout.boxes else ((0.0,), (0.0,))
    left, right = min(xs) - BOX_WIDTH / 2 - _MARGIN, max(xs) + BOX_WIDTH / 2 + _MARGIN
    # The title has a line of its own.
    low, high = min(ys) - BOX_HEIGHT / 2 - _MARGIN, max(ys) + BOX_HEIGHT / 2 + 2 * _MARGIN
    figure.set_size_inches(right - left, high - low)
    axes.set(xlim=(left, right), ylim=(low, high))


def _draw_arrow(points: Sequence[Point], axes: "Axes") -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Outline

    path = Outline(list(points))
    axes.add_patch(FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=9, color="grey"))


def _draw_box(name: str, found: str, centre: Point, axes: "Axes") -> None:
    from matplotlib.patches import Rectangle

    x, y = centre
    corner = (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2)
    box = Rectangle(corner, BOX_WIDTH, BOX_HEIGHT, facecolor="aliceblue", edgecolor="black")
    axes.add_patch(box)
    summary = fill(shorten(found, 2 * _LINE_CHARACTERS - 8, placeholder=" ..."), _LINE_CHARACTERS)
    text = axes.text(x, y, f"{name}\n{summary}".rstrip(), ha="center", va="center", fontsize=7)
    # Some scripts have wider characters.
    text.set_clip_path(box)
