"""Nested sections of settings by dotted keys, such as `trainer.epochs`."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any


def flatten(
    sections: Mapping[str, Any],
    is_section: Callable[[Any], bool] = lambda value: isinstance(value, dict),
    prefix: str = "",
) -> Iterator[tuple[str, Any]]:
    """Yields the dotted key and the value of each setting in nested sections.

    Args:
      sections: The nested sections.
      is_section: Tells a section from a value; by default each dictionary is a section.
      prefix: Precedes the keys.
    """
    for key, value in sections.items():
        if is_section(value):
            yield from flatten(value, is_section, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def get_value(sections: Mapping[str, Any], key: str) -> Any:
    """Returns a value by its dotted key; None if there is none."""
    value: Any = sections
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def set_values(sections: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns nested sections with other values for some dotted keys; missing sections are added.

    A value that stands where a section is needed is replaced by it.
    """
    result: dict[str, Any] = copy.deepcopy(dict(sections))
    for key, value in values.items():
        *outer, last = key.split(".")
        inner = result
        for section in outer:
            if not isinstance(inner.get(section), dict):
                inner[section] = {}
            inner = inner[section]
        inner[last] = value
    return result
