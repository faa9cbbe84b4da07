"""Strict, typed settings: defaults, then a YAML file, then `--set section.key=value`."""

import datetime
import difflib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator

from components.gate.options import GateSettings
from components.pusher.options import PushSettings
from components.trainer.options import ModelSettings, TrainerSettings, TrainingOptions
from data.classes import check_names
from data.errors import UsageError
from data.sources import SAMPLE
from data.spans import LATEST, parse_rule
from data.strict import Strict
from pipeline.beam import BeamSettings
from pipeline.notify import NotifySettings
from pipeline.retention import RetentionSettings
from pipeline.vertex.settings import VertexSettings


class SplitWeights(Strict):
    """Shares of the images that go to each split, relative to their sum."""

    train: int = Field(8, ge=1)
    eval: int = Field(1, ge=1)
    test: int = Field(1, ge=1)


class DataSettings(Strict):
    """Which records are read and how they are split."""

    source: str = Field(SAMPLE, description="what --data names")
    spans: str = Field(LATEST, description="'latest', 'last N', or 'A..B', where source has spans")
    classes: list[str] | None = Field(
        None,
        description="in the order of their ids; null: as accepted before, or as they are found",
    )
    public_size: Literal[192, 224, 331, 512] = Field(192, description="of flowers-public, pixels")
    splits: SplitWeights = SplitWeights()
    split_salt: str | None = Field(
        None, description="another one deals the images out anew; null: as before, or as it must be"
    )
    group_near_duplicates: bool = Field(
        False, description="into one split; an image may then change it when others come"
    )
    max_bad_fraction: float = Field(0.01, ge=0, lt=1, description="of records set aside")
    max_pixels: int = Field(50_000_000, ge=64, description="of an image; a larger one is set aside")
    broken_file: Literal["refuse", "keep_before"] = "refuse"
    few_examples: int = Field(50, ge=0, description="fewer to train a class on are warned of")
    drift: Literal["ignore", "warn", "stop"] = Field(
        "warn", description="where a span's images are far from those of the span before"
    )
    drift_min_images: int = Field(100, ge=1, description="in a span, for it to be compared")
    skew: float = Field(
        0.15, ge=0, le=1, description="so much between a class's shares of two splits is warned of"
    )

    @field_validator("spans", mode="before")
    @classmethod
    def _as_text(cls, spans: Any) -> Any:
        """Takes what YAML makes of a single date."""
        return spans.isoformat() if isinstance(spans, datetime.date) else spans

    @field_validator("spans")
    @classmethod
    def _is_rule(cls, spans: str) -> str:
        parse_rule(spans)
        return spans

    @field_validator("classes")
    @classmethod
    def _are_names(cls, classes: list[str] | None) -> list[str] | None:
        return None if classes is None else check_names(classes)


class TransformSettings(Strict):
    """What the images become before they reach the model."""

    image_size: int = Field(192, ge=32, le=1024, description="side of the square image, pixels")


class ServingSettings(Strict):
    """What the exported model must be able to do on this machine; null: no limit."""

    max_latency_ms: float | None = Field(None, gt=0, description="99th percentile of a request")
    max_megabytes: float | None = Field(None, gt=0, description="of its files")


class Settings(Strict):
    """Everything that a run depends on, apart from where it is kept."""

    name: str = Field("flowers", pattern=r"^[a-z][a-z0-9-]*$", description="of the pipeline")
    data: DataSettings = DataSettings()
    transform: TransformSettings = TransformSettings()
    model: ModelSettings = ModelSettings()
    trainer: TrainerSettings = TrainerSettings()
    evaluator: GateSettings = GateSettings()
    serving: ServingSettings = ServingSettings()
    push: PushSettings = PushSettings()
    beam: BeamSettings = BeamSettings()
    notify: NotifySettings = NotifySettings()
    retention: RetentionSettings = RetentionSettings()
    vertex: VertexSettings = VertexSettings()

    def training_options(self) -> TrainingOptions:
        """Returns what the Trainer is given."""
        return TrainingOptions(
            image_size=self.transform.image_size, model=self.model, trainer=self.trainer
        )


def load_settings(
    config: str, overrides: Sequence[str] = (), source: str | None = None
) -> Settings:
    """Returns validated settings.

    Args:
      config: the name of a config in `pipeline/configs`, or the path of a YAML file.
      overrides: `section.key=value` strings, each value written as YAML; they win over the file.
      source: what `--data` named; it wins over the file and not over `overrides`.

    Raises:
      UsageError: a config that can't be read, an unknown key (the nearest known one is named), or a
        value of the wrong type or out of range.
    """
    path = _config_path(config)
    values = _read_yaml(path)
    if source is not None:
        _set(values, "data.source", source)
    for override in overrides:
        _apply(values, override)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = "\n".join(_explain(problem) for problem in error.errors())
        raise UsageError(f"settings of {path} and --set:\n{lines}") from error


def config_names() -> list[str]:
    """Returns the names of the configs that ship with the project."""
    folder = resources.files("pipeline").joinpath("configs")
    return sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".yaml"))


def _config_path(config: str) -> Path:
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
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--config: {path} can't be read: {error}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"--config: {path} is no YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UsageError(
            f"--config: {path} must hold sections with keys, not a {type(values).__name__}"
        )
    return values


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise UsageError(f"--set takes section.key=value, got {override!r}")
    try:
        _set(values, key, yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UsageError(f"--set {override}: the value is no YAML: {error}") from error


def _set(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        if values.get(section) is None:
            values[section] = {}
        values = values[section]
        if not isinstance(values, dict):
            raise UsageError(f"{key} can't be set: {section} is {values!r} and no section")
    values[last] = value


def _explain(problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        known = list(_known_keys(Settings))
        return f"  {key}: unknown key{_nearest(key, known)}"
    return f"  {key}: {problem['msg']}, got {problem['input']!r}"


def _known_keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield prefix + name
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _known_keys(inner, f"{prefix}{name}.")


def _nearest(word: str, known: Sequence[str]) -> str:
    """Returns a hint that names the known word nearest to `word`, by its last part if need be."""
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not match:
        last = word.rpartition(".")[2]
        match = [key for key in known if key.rpartition(".")[2] == last][:1]
    return f"; did you mean {match[0]}?" if match else "."
