"""Old names of settings that are still accepted."""

from collections.abc import Mapping, Sequence
from typing import Any

from data.common.errors import UsageError

# The section that configures the gate was called `evaluator` up to version 0.1.
SECTION_ALIASES = {"evaluator": "gate"}


def rename_sections(values: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Returns raw settings with each old section name replaced by its current name.

    Call it on each source of settings before the sources are merged, so that a value under an old
    name overrides the same value under the current name in an earlier source.

    Args:
      values: The sections by name, before validation.
      origin: Where the values come from, for the error message.

    Raises:
      UsageError: One key is given under both names, or what is under an old name is not a section.
    """
    renamed = dict(values)
    for old, new in SECTION_ALIASES.items():
        section, current = renamed.pop(old, None), renamed.get(new)
        if section is None:
            continue
        if not isinstance(section, dict):
            raise UsageError(
                f"{origin}: {old}, the old name of {new}, must be a section, got {section!r}"
            )
        if current is None or isinstance(current, dict):
            if twice := sorted(section.keys() & (current or {}).keys()):
                raise UsageError(
                    f"{origin}: {old} is the old name of {new}, and both set {', '.join(twice)}; "
                    f"keep {new}.{twice[0]}"
                )
            renamed[new] = {**(current or {}), **section}
    return renamed


def current_key(key: str) -> str:
    """Returns a dotted settings key, such as `gate.target`, under its current name."""
    section, dot, rest = key.partition(".")
    return f"{SECTION_ALIASES.get(section, section)}{dot}{rest}"


def check_override_names(keys: Sequence[str]) -> None:
    """Checks that no `--set` key is given under both its old and its current name.

    Args:
      keys: The dotted keys of all overrides, as the user wrote them.

    Raises:
      UsageError: A key is given under both names.
    """
    for key in keys:
        current = current_key(key)
        if current != key and current in keys:
            raise UsageError(f"--set: {key} is the old name of {current}; set only {current}")
