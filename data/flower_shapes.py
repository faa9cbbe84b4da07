"""The shapes of the synthetic flowers: each class as a table of petal rings, discs and tints.

Lengths are in flower radii, the flower's centre is (0, 0), and y points down as in an image. Values
are sampled uniformly from a `Range`, once per flower.
"""

import math
from dataclasses import dataclass

Range = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class PetalRing:
    """Similar petals around one point.

    Attributes:
      petals: Minimum and maximum number of petals.
      length: Length of a petal, from base to tip.
      width: Maximum width of a petal.
      base: Distance of the petal's base from the common point.
      belly: Position of the maximum width, from 0 (base) to 1 (tip).
      taper: Shape of the tip: 0.4 is blunt, 1 is pointed, 2 is elongated.
      spread: Angle covered by the petals, in degrees; the middle petal points up, and 360 closes
        the ring.
      bend: Sideways offset of the tip in petal lengths, towards the middle of the ring.
      shade: Brightness of the petals relative to the flower's tint.
      rim: Brightness of a petal's edge relative to the petal.
      tuft: Length of the hairs at the tip; 0 for none.
    """

    petals: tuple[int, int]
    length: Range
    width: Range
    base: float = 0.0
    belly: float = 0.5
    taper: float = 0.5
    spread: Range = (360.0, 360.0)
    bend: float = 0.0
    shade: float = 1.0
    rim: float = 0.75
    tuft: float = 0.0


@dataclass(frozen=True)
class Disc:
    """The centre of the flower: a filled circle with dots in a sunflower spiral, or with a coil.

    Attributes:
      radius: Radius of the circle.
      tints: Names in `TINTS`; empty for the colour of the petals.
      dots: Minimum and maximum number of dots.
      contrast: Maximum relative difference in brightness between the dots and the disc.
      coil: Number of turns of a dark spiral line.
    """

    radius: Range
    tints: tuple[str, ...] = ()
    dots: tuple[int, int] = (0, 0)
    contrast: float = 0.2
    coil: float = 0.0


@dataclass(frozen=True)
class FlowerStyle:
    """One appearance of a class.

    Attributes:
      tints: Names in `TINTS`, one of which is sampled for the petals; repeat a name to weight it.
      rings: The rings of petals, from back to front.
      disc: The centre, in front of the rings.
      origin: The common point of the petals.
      tilt: Ratio of apparent height to width; 1 is a front view.
      roll: Maximum rotation to either side, in degrees.
      halo: Opacity (0-255) of a pale disc behind the rings.
      leaf: Length and width of a leaf at the stem.
    """

    tints: tuple[str, ...]
    rings: tuple[PetalRing, ...]
    disc: Disc | None = None
    origin: Point = (0.0, 0.0)
    tilt: Range = (0.68, 1.0)
    roll: float = 60.0
    halo: int = 0
    leaf: Point = (1.1, 0.35)


@dataclass(frozen=True)
class Tint:
    """Ranges of hue (degrees, may exceed 360), saturation and value (both 0 to 1)."""

    hue: Range
    saturation: Range
    value: Range = (0.75, 1.0)


TINTS = {
    "white": Tint((0, 360), (0.0, 0.1), (0.82, 1.0)),
    "cream": Tint((40, 60), (0.12, 0.4)),
    "yellow": Tint((46, 60), (0.65, 1.0)),
    "orange": Tint((22, 45), (0.65, 1.0)),
    "pink": Tint((320, 352), (0.2, 0.6)),
    "red": Tint((345, 372), (0.7, 1.0), (0.55, 0.95)),
    "purple": Tint((265, 315), (0.25, 0.7), (0.5, 0.95)),
    "brown": Tint((15, 40), (0.4, 0.8), (0.15, 0.42)),
    "green": Tint((75, 140), (0.3, 0.75), (0.25, 0.65)),
    "blue": Tint((190, 250), (0.15, 0.6), (0.4, 0.95)),
    "grey": Tint((0, 360), (0.0, 0.15), (0.15, 0.8)),
}

_DAISY = FlowerStyle(
    tints=("white", "white", "white", "white", "cream", "pink", "purple", "yellow", "orange"),
    rings=(
        PetalRing((13, 20), (0.9, 1.0), (0.17, 0.23), belly=0.65, taper=0.4, shade=0.86),
        PetalRing((13, 20), (0.85, 1.0), (0.15, 0.21), belly=0.65, taper=0.4),
    ),
    disc=Disc((0.2, 0.3), ("yellow", "yellow", "orange"), dots=(20, 40), contrast=0.15),
)

_DANDELION_HEAD = FlowerStyle(
    tints=("yellow", "yellow", "yellow", "yellow", "orange", "cream"),
    rings=tuple(
        PetalRing((36, 44), (size * 0.88, size), (0.07, 0.09), belly=0.8, shade=shade, rim=0.5)
        for size, shade in ((1.0, 0.9), (0.84, 1.0), (0.66, 0.95), (0.48, 1.0), (0.3, 0.9))
    ),
)

_DANDELION_CLOCK = FlowerStyle(
    tints=("white", "white", "white", "cream", "pink"),
    rings=tuple(
        PetalRing((low, low + 6), (size * 0.85, size), (0.012, 0.02), rim=1.0, tuft=0.22)
        for size, low in ((0.85, 22), (0.68, 18), (0.48, 12), (0.28, 7))
    ),
    disc=Disc((0.09, 0.15), ("brown", "green"), dots=(10, 20)),
    tilt=(0.9, 1.0),
    halo=50,
)

_ROSE = FlowerStyle(
    tints=("red", "red", "red", "pink", "pink", "white", "cream", "yellow", "orange"),
    rings=tuple(
        PetalRing(
            petals, (size * 0.92, size), (width * 0.9, width), belly=0.68, taper=0.4, shade=shade
        )
        for petals, size, width, shade in (
            ((5, 5), 1.0, 1.1, 0.86),
            ((5, 5), 0.77, 0.9, 0.95),
            ((4, 4), 0.54, 0.72, 1.0),
            ((3, 3), 0.33, 0.46, 0.9),
        )
    ),
    disc=Disc((0.12, 0.16), coil=2.2),
    tilt=(0.7, 1.0),
    leaf=(0.9, 0.5),
)

_SUNFLOWER = FlowerStyle(
    tints=("yellow", "yellow", "yellow", "yellow", "orange", "orange", "cream", "red"),
    rings=(
        PetalRing((15, 22), (0.5, 0.58), (0.2, 0.27), base=0.42, belly=0.4, taper=1.2, shade=0.82),
        PetalRing((15, 22), (0.42, 0.52), (0.18, 0.25), base=0.42, belly=0.4, taper=1.2),
    ),
    disc=Disc((0.46, 0.58), ("brown",), dots=(110, 190), contrast=0.55),
    leaf=(1.1, 0.7),
)

_TULIP = FlowerStyle(
    tints=("red", "red", "yellow", "pink", "pink", "white", "purple", "orange", "cream"),
    rings=(
        PetalRing(
            (2, 2), (1.6, 1.75), (0.75, 0.85), belly=0.55, taper=0.9, spread=(22, 30), shade=0.7
        ),
        PetalRing(
            (2, 2),
            (1.65, 1.85),
            (0.8, 0.95),
            belly=0.42,
            taper=0.85,
            spread=(52, 76),
            bend=0.2,
            shade=0.88,
        ),
        PetalRing((1, 1), (1.45, 1.6), (0.95, 1.15), belly=0.42, taper=0.8, spread=(0, 0)),
    ),
    origin=(0.0, 0.85),
    tilt=(0.85, 1.1),
    roll=35.0,
    leaf=(2.2, 0.4),
)

FLOWER_STYLES = {
    "daisy": (_DAISY,),
    "dandelion": (_DANDELION_HEAD, _DANDELION_CLOCK),
    "roses": (_ROSE,),
    "sunflowers": (_SUNFLOWER,),
    "tulips": (_TULIP,),
}


def petal_outline(ring: PetalRing, length: float, width: float, bend: float) -> list[Point]:
    """Returns the polygon of one petal, with its base at (0, 0) and its tip above.

    Length and width are in flower radii; `bend` is the offset of the tip to the right, in petal
    lengths.
    """
    left, right = [], []
    for step in range(13):
        along = step / 12
        half = width / 2 * _profile(ring, along)
        middle = bend * length * along * along
        left.append((middle - half, -length * along))
        right.append((middle + half, -length * along))
    return left + right[::-1]


def _profile(ring: PetalRing, along: float) -> float:
    """Returns the petal's width at `along` (0 base, 1 tip) relative to its maximum."""
    if along < ring.belly:
        return 0.25 + 0.75 * math.sin(math.pi / 2 * along / ring.belly)
    beyond = math.pi / 2 * (along - ring.belly) / (1 - ring.belly)
    return max(math.cos(beyond), 0.0) ** ring.taper
