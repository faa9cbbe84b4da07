"""Draws one synthetic flower with stem and grass, with Pillow's integer rasteriser."""

import colorsys
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from data.flower_shapes import TINTS, Disc, FlowerStyle, PetalRing, Point, petal_outline

Colour = tuple[int, int, int]

_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_LEAF = PetalRing((1, 1), (1.0, 1.0), (1.0, 1.0), belly=0.4, taper=1.1)


@dataclass(frozen=True)
class Brush:
    """Draws in flower coordinates: radius 1 around (0, 0), y down.

    Attributes:
      draw: Pillow's drawing context, in mode RGBA on an RGB canvas so that it blends.
      centre: Centre of the flower, in canvas pixels.
      radius: Radius of the flower, in canvas pixels.
      tilt: Ratio of height to width.
      roll: Rotation in radians, clockwise.
    """

    draw: ImageDraw.ImageDraw
    centre: Point
    radius: float
    tilt: float = 1.0
    roll: float = 0.0

    def to_canvas(self, point: Point) -> Point:
        """Returns the canvas coordinates of a point of the flower, in whole pixels."""
        x, y = rotate((point[0], point[1] * self.tilt), self.roll)
        return round(self.centre[0] + x * self.radius), round(self.centre[1] + y * self.radius)

    def fill(self, points: Sequence[Point], colour: tuple[int, ...]) -> None:
        """Fills a polygon; the fourth number of a colour is its opacity (0-255)."""
        self.draw.polygon([self.to_canvas(point) for point in points], colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draws a line whose width is given in flower radii."""
        pixels = max(2, round(width * self.radius))
        self.draw.line([self.to_canvas(point) for point in points], colour, pixels, "curve")


def rotate(point: Point, radians: float) -> Point:
    """Returns the point rotated clockwise (y points down) around (0, 0)."""
    cos, sin = math.cos(radians), math.sin(radians)
    return point[0] * cos - point[1] * sin, point[0] * sin + point[1] * cos


def circle(radius: float, centre: Point = (0.0, 0.0)) -> list[Point]:
    """Returns a circle as a polygon with 36 vertices."""
    angles = (math.tau * step / 36 for step in range(36))
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles]


def sample_colour(rng: random.Random, names: Sequence[str]) -> Colour:
    """Returns an RGB colour (0-255) sampled from one of the named tints."""
    tint = TINTS[rng.choice(names)]
    hue, saturation, value = (rng.uniform(*r) for r in (tint.hue, tint.saturation, tint.value))
    red, green, blue = colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def shade_colour(colour: Colour, factor: float) -> Colour:
    """Returns the colour with its brightness multiplied by `factor`."""
    red, green, blue = (min(255, round(channel * factor)) for channel in colour)
    return red, green, blue


def draw_bloom(brush: Brush, style: FlowerStyle, rng: random.Random) -> None:
    """Draws the flower without its stem: the rings from back to front, then the disc."""
    colour = sample_colour(rng, style.tints)
    if style.halo:
        brush.fill(circle(0.95), (*colour, style.halo))
    for ring in style.rings:
        _draw_ring(brush, ring, style.origin, colour, rng)
    if style.disc:
        _draw_disc(brush, style.disc, colour, rng)


def draw_stem(brush: Brush, style: FlowerStyle, rng: random.Random) -> None:
    """Draws a curved stem downwards from the flower's origin, with up to three leaves."""
    green = sample_colour(rng, ("green",))
    lean, bow = rng.uniform(-0.8, 0.8), rng.uniform(-0.5, 0.5)
    x, y = rotate((style.origin[0], style.origin[1] * brush.tilt), brush.roll)
    upright = Brush(brush.draw, brush.centre, brush.radius)
    path = [(x + lean * t + bow * t * t, y + 4 * t) for t in (step / 10 for step in range(11))]
    upright.line(path, green, rng.uniform(0.06, 0.12))
    for _ in range(rng.randint(0, 3)):
        angle = math.radians(rng.uniform(25, 80) * rng.choice((-1, 1)))
        size = (style.leaf[0] * rng.uniform(0.7, 1.2), style.leaf[1] * rng.uniform(0.7, 1.2), 0.1)
        tint = shade_colour(green, rng.uniform(0.7, 1.3))
        _draw_petal(upright, _LEAF, rng.choice(path[1:5]), angle, size, tint)


def draw_grass(draw: ImageDraw.ImageDraw, rng: random.Random, side: int, blades: int) -> None:
    """Draws blades of grass upwards from the lower edge of a canvas, whose side is in pixels."""
    green = sample_colour(rng, ("green", "green", "cream"))
    for _ in range(blades):
        foot = Brush(draw, (side * rng.uniform(0.0, 1.0), side * 1.05), side)
        size = (rng.uniform(0.3, 0.9), rng.uniform(0.02, 0.05), rng.uniform(-0.4, 0.4))
        tint = shade_colour(green, rng.uniform(0.6, 1.3))
        _draw_petal(foot, _LEAF, (0.0, 0.0), math.radians(rng.uniform(-20, 20)), size, tint)


def _draw_ring(
    brush: Brush, ring: PetalRing, origin: Point, colour: Colour, rng: random.Random
) -> None:
    """Draws the petals of a ring, with slight variations in angle, size and brightness."""
    petals = rng.randint(*ring.petals)
    length, width, spread = (rng.uniform(*r) for r in (ring.length, ring.width, ring.spread))
    closed = spread >= 360
    step = spread / (petals if closed else max(petals - 1, 1))
    first = rng.uniform(0, 360) if closed else -step * (petals - 1) / 2
    for petal in range(petals):
        angle = first + petal * step
        inwards = 0.0 if closed else math.copysign(ring.bend, -angle)
        angle += step * rng.uniform(-0.15, 0.15)
        size = (length * rng.uniform(0.9, 1.05), width, inwards + rng.uniform(-0.07, 0.07))
        tint = shade_colour(colour, ring.shade * rng.uniform(0.88, 1.06))
        _draw_petal(brush, ring, origin, math.radians(angle), size, tint)


def _draw_petal(
    brush: Brush,
    ring: PetalRing,
    origin: Point,
    angle: float,
    size: tuple[float, float, float],
    colour: Colour,
) -> None:
    """Draws the rim, face and hairs of one petal; `size` is its length, width and bend."""

    def to_flower(point: Point) -> Point:
        x, y = rotate((point[0], point[1] - ring.base), angle)
        return x + origin[0], y + origin[1]

    length, width, bend = size
    rim = petal_outline(ring, length, width, bend)
    brush.fill([to_flower(point) for point in rim], shade_colour(colour, ring.rim))
    face = petal_outline(ring, length * 0.96, width * 0.82, bend)
    brush.fill([to_flower(point) for point in face], colour)
    tip = (bend * length, -length)
    for hair in range(7 if ring.tuft else 0):
        x, y = rotate((0.0, -ring.tuft), math.radians(hair * 20 - 60))
        brush.line([to_flower(tip), to_flower((tip[0] + x, tip[1] + y))], colour, 0.01)


def _draw_disc(brush: Brush, disc: Disc, petals: Colour, rng: random.Random) -> None:
    """Draws the flower's centre with its dots and its coil."""
    colour = sample_colour(rng, disc.tints) if disc.tints else petals
    radius, dots = rng.uniform(*disc.radius), rng.randint(*disc.dots)
    brush.fill(circle(radius), shade_colour(colour, 0.75))
    brush.fill(circle(radius * 0.88), colour)
    for dot in range(dots):
        centre = rotate((radius * math.sqrt((dot + 0.5) / dots), 0.0), dot * _GOLDEN_ANGLE)
        tint = shade_colour(colour, 1 + disc.contrast * rng.uniform(-1.0, 1.6))
        brush.fill(circle(radius * 0.8 / math.sqrt(dots), centre), tint)
    if disc.coil:
        turns = (step / 40 for step in range(41))
        coil = [rotate((radius * turn, 0.0), disc.coil * math.tau * turn) for turn in turns]
        brush.line(coil, shade_colour(colour, 0.55), 0.03)
