"""The section `data`: which records are read, and how they are split."""

import datetime
from typing import Any, Literal

from pydantic import Field, field_validator

from data.classes import check_class_names
from data.common.settings_base import SettingsBase
from data.sources import SAMPLE
from data.spans import LATEST, parse_rule


class SplitWeights(SettingsBase):
    """Shares of the images that go to each split, relative to their sum."""

    train: int = Field(8, ge=1)
    eval: int = Field(1, ge=1)
    test: int = Field(1, ge=1)


class DataSettings(SettingsBase):
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
        return None if classes is None else check_class_names(classes)
