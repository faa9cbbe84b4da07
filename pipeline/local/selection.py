"""The steps that a run executes: `--from`, `--until`, `--no-cache`, `--dry-run`."""

from dataclasses import dataclass

from data.common.errors import UsageError
from data.common.formatting import nearest_word
from pipeline.steps import STEPS, downstream


@dataclass(frozen=True)
class Selection:
    """Which steps to run.

    Attributes:
      first: This step and the steps that depend on it are not taken from the cache, or None.
      last: The run ends after this step, or None.
      enable_cache: Whether steps with unchanged inputs are taken from the cache.
      dry_run: Whether the run only prints what would run.
    """

    first: str | None = None
    last: str | None = None
    enable_cache: bool = True
    dry_run: bool = False

    @property
    def everything(self) -> bool:
        """Whether this is an ordinary whole run, which may have nothing to do."""
        return self.first is None and self.last is None and self.enable_cache

    def includes(self, step: str) -> bool:
        """Returns whether the run gets as far as a step, which may come from the cache."""
        order = list(STEPS)
        return self.last is None or order.index(step) <= order.index(self.last)

    def check(self) -> None:
        """Raises a UsageError if a step does not exist, or the first comes after the last."""
        for option, step in (("--from", self.first), ("--until", self.last)):
            if step is not None and step not in STEPS:
                near = nearest_word(step, STEPS)
                hint = f"; did you mean {near}?" if near else "."
                raise UsageError(f"{option}: no step {step!r}{hint} Steps: {', '.join(STEPS)}")
        order = list(STEPS)
        if self.first and self.last and order.index(self.first) > order.index(self.last):
            raise UsageError(f"--from {self.first} comes after --until {self.last}")

    def uncached(self) -> set[str]:
        """Returns the steps that must not be taken from the cache."""
        if not self.enable_cache:
            return set(STEPS)
        return downstream(self.first) if self.first else set()


EVERYTHING = Selection()
