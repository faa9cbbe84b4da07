"""The search space: which settings are tried, which values they have, and how a trial gets them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from components.trainer.settings import TrainingSettings
from components.transform.augmentation.presets import PRESETS
from components.tuner.settings import Range, Space
from data.common.dotted_keys import get_value, set_values
from data.common.errors import UsageError
from data.common.formatting import nearest_word

# What is tried by default besides the learning rate, which depends on that of the config.
DEFAULT_CHOICES: Mapping[str, list[Any]] = {
    "trainer.batch_size": [16, 32, 64],
    "trainer.augment": list(PRESETS),
    "trainer.weight_decay": [0.0, 0.005, 0.02, 0.05],
}
_PEAK = "trainer.learning_rate.peak"
# The peak of the learning rate is tried between that of the config divided by it and times it.
_PEAK_FACTOR = 4
_SECTIONS = ("model", "trainer")
# They name files and models, which a search takes from the config; and a seed is not to be chosen.
_FIXED = ("model.weights", "model.warm_start", "trainer.seed", "trainer.strategy")


def default_space(settings: TrainingSettings) -> Space:
    """Returns the space that is searched if `tune.space` is null."""
    rate = settings.trainer.learning_rate
    # A peak below the start or the end of the schedule is no valid setting.
    low = max(rate.peak / _PEAK_FACTOR, rate.start, rate.end)
    return {_PEAK: Range(low=low, high=rate.peak * _PEAK_FACTOR, log=True), **DEFAULT_CHOICES}


def checked_space(settings: TrainingSettings, space: Space) -> Space:
    """Returns a space with its values as settings have them: an op with its parameters, 0 as 0.0.

    Otherwise the config itself, the first trial, could be drawn again in another form.

    Raises:
      UsageError: A setting is unknown or fixed, or a value is not allowed by itself.
    """
    if not space:
        raise UsageError("tune.space is empty; name a setting to try, or null for the default")
    known = [key for key in setting_keys(settings.model_dump(mode="json")) if key not in _FIXED]
    for key, values in space.items():
        if key not in known:
            near = nearest_word(key, known)
            hint = f"; did you mean {near}?" if near else ""
            raise UsageError(
                f"tune.space: {key} cannot be tried{hint}; allowed are the settings of "
                f"{' and '.join(_SECTIONS)}, except {', '.join(_FIXED)}"
            )
        if not values:
            raise UsageError(f"tune.space: {key} has an empty list; name a value to try")
    return {key: _checked_values(settings, key, values) for key, values in space.items()}


def config_values(settings: TrainingSettings, keys: Iterable[str]) -> dict[str, Any]:
    """Returns the values that settings have, by dotted key."""
    values = settings.model_dump(mode="json")
    return {key: get_value(values, key) for key in keys}


def with_values(settings: TrainingSettings, values: Mapping[str, Any]) -> TrainingSettings:
    """Returns settings with other values for some dotted keys.

    Raises:
      ValueError: The values are not valid together; the message is one line.
    """
    fields = set_values(settings.model_dump(mode="json"), values)
    try:
        return TrainingSettings.model_validate(fields)
    except ValidationError as error:
        raise ValueError(describe_invalid(error)) from error


def describe_invalid(error: ValidationError) -> str:
    """Returns what pydantic found in one line: `trainer.batch_size: Input should be ..., got 0`."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}, "
        f"got {problem['input']!r}"
        for problem in error.errors()
    )


def setting_keys(fields: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yields the dotted keys of the sections that are searched, with those of inner sections."""
    for key, value in fields.items():
        if prefix:
            yield f"{prefix}{key}"
        if isinstance(value, dict) and (prefix or key in _SECTIONS):
            yield from setting_keys(value, f"{prefix}{key}.")


def _checked_values(
    settings: TrainingSettings, key: str, values: list[Any] | Range
) -> list[Any] | Range:
    if not isinstance(values, Range):
        return [_checked_value(settings, key, value) for value in values]
    low, high = (_checked_value(settings, key, value) for value in (values.low, values.high))
    # An integer is drawn as one, also between 8.0 and 64; whole numbers may be asked of any other.
    return values.model_copy(update={"low": low, "high": high}) if type(low) is int else values


def _checked_value(settings: TrainingSettings, key: str, value: Any) -> Any:
    try:
        return config_values(with_values(settings, {key: value}), [key])[key]
    except ValueError as error:
        raise UsageError(f"tune.space: {value!r} is not allowed for {key}: {error}") from error
