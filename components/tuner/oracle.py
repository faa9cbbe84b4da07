"""KerasTuner's random search, whose first trial is the config itself."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import TrialStatus

from components.tuner.settings import Range, Space

OBJECTIVE = "val_accuracy"
# Drawn numbers are rounded to this many digits, so that people can read and write them.
_DIGITS = 3


class ConfigFirst(keras_tuner.oracles.RandomSearchOracle):
    """Random search that also tries the config, so that the result is never worse than it on eval.

    The same seed always draws the same trials in the same order, so that a search that was
    interrupted needs no state of KerasTuner's, which is not written atomically.
    """

    def __init__(
        self,
        space: Space,
        config: Mapping[str, Any],
        trials: int,
        seed: int,
        may_start: Callable[[int], bool],
    ):
        """Takes what to try.

        Args:
          space: The space.
          config: The values of the config for it.
          trials: The number of trials.
          seed: The random seed.
          may_start: Returns whether there is time for the trial of a number.
        """
        super().__init__(
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            max_trials=trials,
            # KerasTuner takes 0 for none, and draws a seed.
            seed=seed + 1,
            hyperparameters=_hyperparameters(space),
            # A failed trial is recorded as such, and does not end the search.
            max_consecutive_failed_trials=trials + 1,
        )
        self._space = space
        self._config = {key: _encode(space[key], value) for key, value in config.items()}
        self._may_start = may_start
        self.exhausted = False

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """See the base class."""
        if not self._may_start(int(trial_id) + 1):
            return {"status": TrialStatus.STOPPED, "values": None}
        if not self.trials:
            return {"status": TrialStatus.RUNNING, "values": self._config}
        drawn: dict[str, Any] = super().populate_space(trial_id)
        self.exhausted = drawn["status"] == TrialStatus.STOPPED
        values = drawn["values"] or {}
        rounded = {key: _round(self._space[key], value) for key, value in values.items()}
        return {**drawn, "values": rounded}


def decode(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings by dotted key, from the hyperparameters of a trial."""
    return {key: _decode(space[key], value) for key, value in values.items()}


def _hyperparameters(space: Space) -> keras_tuner.HyperParameters:
    found = keras_tuner.HyperParameters()
    for key, values in space.items():
        if isinstance(values, Range):
            sampling = "log" if values.log else "linear"
            whole = isinstance(values.low, int) and isinstance(values.high, int)
            number = found.Int if whole else found.Float
            number(key, values.low, values.high, sampling=sampling)
        else:
            found.Choice(key, [_encode(values, value) for value in values])
    return found


def _encode(values: list[Any] | Range, value: Any) -> Any:
    """Returns a value of a list as JSON: KerasTuner's choices are of one type, and never null."""
    return value if isinstance(values, Range) else json.dumps(value)


def _decode(values: list[Any] | Range, value: Any) -> Any:
    return value if isinstance(values, Range) else json.loads(value)


def _round(values: list[Any] | Range, value: Any) -> Any:
    """Returns a drawn number with few digits, within the limits."""
    if not (isinstance(values, Range) and isinstance(value, float)):
        return value
    return min(max(float(f"{value:.{_DIGITS}g}"), values.low), values.high)
