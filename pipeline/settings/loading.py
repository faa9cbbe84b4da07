"""Loads settings: defaults, then a YAML file, then `--set section.key=value`."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from data.common.errors import UsageError
from data.common.formatting import nearest_word
from data.features import feature_names
from pipeline.settings.settings import Settings
from pipeline.settings_aliases import check_override_names, current_key, rename_sections


def load_settings(
    config: str, overrides: Sequence[str] = (), source: str | None = None
) -> Settings:
    """Returns validated settings.

    Args:
      config: The name of a config in `pipeline/configs`, or the path of a YAML file.
      overrides: `section.key=value` strings with the values as YAML; they override the file.
      source: The value of `--data`, which overrides the file but not `overrides`.

    Raises:
      UsageError: The config cannot be read, a key is unknown (the message names the nearest known
        key), or a value has the wrong type or is out of range.
    """
    path = config_path(config)
    values = rename_sections(_read_yaml(path), f"--config: {path}")
    if source is not None:
        _set(values, "data.source", source)
    check_override_names([override.partition("=")[0] for override in overrides])
    for override in overrides:
        _apply(values, override)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        lines = "\n".join(_explain(problem) for problem in error.errors())
        raise UsageError(f"settings of {path} and --set:\n{lines}") from error
    _check_slices(settings)
    return settings


def _check_slices(settings: Settings) -> None:
    """Checks that the features by which metrics are sliced are read from the records."""
    unread = set(settings.gate.slices) - set(feature_names(settings.data.features))
    if unread:
        name = min(unread)
        raise UsageError(
            f"gate.slices: the feature {name} is not read from the records; to read it, --set "
            f"{shlex.quote(f'data.features.{name}={name}')}"
        )


def config_names() -> list[str]:
    """Returns the names of the configs that ship with the project."""
    folder = resources.files("pipeline").joinpath("configs")
    return sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".yaml"))


def config_path(config: str) -> Path:
    """Returns the file of a config that is given by its name or by its path.

    Raises:
      UsageError: There is no config of this name.
    """
    if config.endswith((".yaml", ".yml")):
        return Path(config)
    known = config_names()
    if config not in known:
        raise UsageError(
            f"--config: there is no config {config!r}{_nearest(config, known)} "
            f"Allowed: {', '.join(known)}, or the path of a .yaml file"
        )
    return Path(str(resources.files("pipeline").joinpath("configs", f"{config}.yaml")))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = _parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--config: {path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"--config: {path} is not valid YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UsageError(
            f"--config: {path} must contain sections with keys, not a {type(values).__name__}"
        )
    return values


def _parse_yaml(text: str) -> Any:
    """Returns the value of a YAML document; raises only subclasses of YAMLError."""
    try:
        return yaml.safe_load(text)
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        # PyYAML raises them for dates such as 2026-02-30, tags such as `!!int x`, and deep nesting.
        raise yaml.YAMLError(f"{type(error).__name__}: {error}") from error


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise UsageError(f"--set takes section.key=value, got {override!r}")
    try:
        _set(values, current_key(key), _parse_yaml(text))
    except yaml.YAMLError as error:
        raise UsageError(f"--set {override}: the value is not valid YAML: {error}") from error


def _set(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        if values.get(section) is None:
            values[section] = {}
        values = values[section]
        if not isinstance(values, dict):
            raise UsageError(f"{key} cannot be set: {section} is {values!r}, not a section")
    values[last] = value


def _explain(problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"  {key}: unknown key{_nearest(key, list(_known_keys(Settings)))}"
    if problem["type"] in ("model_type", "dict_type"):
        return (
            f"  {key}: must be a section with keys, as in {key}.KEY=VALUE; got {problem['input']!r}"
        )
    return f"  {key}: {problem['msg'].removeprefix('Value error, ')}, got {problem['input']!r}"


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Returns the section that a field's type names, also as `Section | None` or in a map."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(section_of, get_args(annotation))), None)


def _known_keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield prefix + name
        if inner := section_of(field.annotation):
            yield from _known_keys(inner, f"{prefix}{name}.")


def _nearest(word: str, known: Sequence[str]) -> str:
    """Returns a hint with the known word nearest to `word`, or one that has the same last part."""
    near = nearest_word(word, known)
    if not near:
        last = word.rpartition(".")[2]
        near = next((key for key in known if key.rpartition(".")[2] == last), "")
    return f"; did you mean {near}?" if near else "."
