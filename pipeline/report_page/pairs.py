"""A fact about two runs."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Pair(Generic[T]):
    """A fact about two runs, A and B.

    Attributes:
      name: What it is.
      a, b: Its value in each run; None if the run does not have it.
    """

    name: str
    a: T | None
    b: T | None


@dataclass(frozen=True)
class Estimate:
    """A measured value.

    Attributes:
      value: The value.
      low, high: The ends of its 95 % interval; None if it has none.
      is_share: Whether it is a share, in [0, 1].
    """

    value: float
    low: float | None = None
    high: float | None = None
    is_share: bool = True
