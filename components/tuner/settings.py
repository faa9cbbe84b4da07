"""The section `tune`: which settings `flowers tune` tries, and how long."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from data.common.dotted_keys import flatten
from data.common.settings_base import SettingsBase


class Range(SettingsBase):
    """The values of a numeric setting between two limits, both included."""

    low: int | float = Field(description="Smallest value.")
    high: int | float = Field(description="Largest value; integers if both limits are integers.")
    log: bool = Field(False, description="Draw evenly on a logarithmic scale.")

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low >= self.high:
            raise ValueError("low must be below high")
        if self.log and self.low <= 0:
            raise ValueError("low must be above 0 with log")
        return self


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) and not value.keys() & {"low", "high"}


def _dotted(space: Any) -> Any:
    """Returns a space by dotted keys; `--set tune.space.trainer.batch_size=[8, 16]` nests them."""
    return dict(flatten(space, _is_section)) if isinstance(space, dict) else space


# By the dotted key of a setting: a list of values, or a range of numbers.
Space = dict[str, list[Any] | Range]


class TuneSettings(SettingsBase):
    """The search of `flowers tune`. No run depends on it."""

    trials: int = Field(10, ge=1, description="Number of trials, the config itself included.")
    minutes: float | None = Field(
        None, gt=0,
        description="Time for all trials together, in minutes, also over several calls; null: no "
        "limit.",
    )  # fmt: skip
    seed: int = Field(
        0, ge=0, description="Random seed of the choice of settings; a training has its own."
    )
    stop_early: bool = Field(
        True, description="Stop a trial that is worse on eval than the median of finished ones."
    )
    space: Annotated[Space | None, BeforeValidator(_dotted)] = Field(
        None,
        description="Values to try, by the key of a setting of `model` or `trainer`: a list, or "
        "`{low, high, log}`; null: those that docs/tuning.md lists.",
    )
