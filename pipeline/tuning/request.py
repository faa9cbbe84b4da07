"""What a search is asked for: its settings with a space, and its context for the pipeline."""

import shlex
from collections.abc import Mapping
from typing import Any

from components.tuner.settings import TuneSettings
from components.tuner.space import checked_space, default_space
from data.common.errors import UsageError
from pipeline.settings.settings import Settings

_WORKERS = "multiworker"


def search_settings(
    settings: Settings, trials: int | None = None, minutes: float | None = None
) -> TuneSettings:
    """Returns the settings of a search, with its space and the budget of the command line.

    Args:
      settings: The settings.
      trials: The value of `--trials`; None for `tune.trials`.
      minutes: The value of `--minutes`; None for `tune.minutes`.

    Raises:
      UsageError: A setting in the space cannot be tried, or several workers train.
    """
    if settings.trainer.strategy == _WORKERS:
        raise UsageError(
            "flowers tune trains one trial after the other on one machine, and trainer.strategy is "
            f"{_WORKERS}; allowed are auto, tpu, gpu and cpu"
        )
    training, tune = settings.training_settings(), settings.tune
    space = default_space(training) if tune.space is None else tune.space
    changes = {"space": checked_space(training, space), "trials": trials, "minutes": minutes}
    return tune.model_copy(update={k: v for k, v in changes.items() if v is not None})


def config_of(settings: Settings, without: Any = None) -> dict[str, Any]:
    """Returns the settings that differ from the defaults, for the config that a search writes.

    `without` are sections to leave out, as pydantic's `exclude` takes them.
    """
    return settings.model_dump(mode="json", exclude_defaults=True, exclude=without)


def networks(settings: Settings, tune: TuneSettings) -> set[str]:
    """Returns the values of `model.name` among the trials."""
    space: Mapping[str, Any] = tune.space or {}
    return {settings.model.name, *space.get("model.name", [])}


def command_line(arguments: list[str]) -> str:
    """Returns a command as it can be repeated: `flowers tune --config quickstart`."""
    return shlex.join(["flowers", *arguments])
