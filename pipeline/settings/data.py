"""The section `data`: which records are read, and how they are checked and split."""

import datetime
from typing import Any, Literal

from pydantic import Field, field_validator

from data.classes import check_class_names
from data.common.settings_base import SettingsBase
from data.features import CLASS, IMAGE
from data.images.limits import MAX_PIXELS, MOST_PIXELS
from data.sources import SAMPLE
from data.spans import LATEST, parse_rule


class SplitWeights(SettingsBase):
    """The relative sizes of the splits; 8, 1 and 1 mean 80 %, 10 % and 10 %."""

    train: int = Field(8, ge=1, description="Weight of the training split.")
    eval: int = Field(1, ge=1, description="Weight of the split that selects the best epoch.")
    test: int = Field(1, ge=1, description="Weight of the split on which the gate judges a model.")


class DataSettings(SettingsBase):
    """Which records are read, and how they are checked and split."""

    source: str = Field(
        SAMPLE,
        description="TFRecord files to read (also `--data`): `sample`, `flowers-public`, a folder, "
        "a glob, a `gs://` pattern, or a pattern with spans such as `records/span-{SPAN}/*`.",
    )
    spans: str = Field(
        LATEST,
        description="Spans to read if the source has spans: `latest`, `last N` for the N newest, "
        "or a range `A..B` of numbers or dates, either end optional.",
    )
    classes: list[str] | None = Field(
        None,
        description="Class names in the order of their ids; null: the classes of the newest run "
        "that passed the data gate, else those of `labels.txt`, else those found in the records.",
    )
    features: dict[str, str | None] = Field(
        {},
        description="Names of features in the records where they differ from `image`, `class` and "
        "`label`, such as `{image: image/encoded}`; `label: null` if the records have only ids. "
        "Further features, for `gate.slices`, are read if they are named here.",
    )
    public_size: Literal[192, 224, 331, 512] = Field(
        192, description="Side of the images of `flowers-public`, in pixels."
    )
    splits: SplitWeights = SplitWeights()
    split_salt: str | None = Field(
        None,
        description="Salt of the hash that assigns images to splits; a new salt re-splits the "
        "data. null: the salt of the newest run that passed the data gate; in the first run, the "
        "first salt that leaves no split without a class.",
    )
    group_near_duplicates: bool = Field(
        False, description="Put near-duplicates into one split; new data can then change splits."
    )
    max_bad_fraction: float = Field(
        0.01, ge=0, lt=1,
        description="Fraction of quarantined records above which a run stops with exit code 4.",
    )  # fmt: skip
    max_pixels: int = Field(
        MAX_PIXELS, ge=64, le=MOST_PIXELS,
        description="Maximum number of pixels of an image; a larger one is quarantined undecoded.",
    )  # fmt: skip
    broken_file: Literal["refuse", "keep_before"] = Field(
        "refuse",
        description="What to do with a truncated or corrupt record file: `refuse` stops the run "
        "with exit code 4, `keep_before` reads the records before the damage.",
    )
    few_examples: int = Field(50, ge=0, description="Warn if a class has fewer training examples.")
    drift: Literal["ignore", "warn", "stop"] = Field(
        "warn",
        description="What to do if the images of a span differ too much from those of the previous "
        "span; `stop` ends the run with exit code 4.",
    )
    drift_min_images: int = Field(
        100, ge=1, description="Minimum number of images of a span; smaller spans are not compared."
    )
    skew: float = Field(
        0.15, ge=0, le=1,
        description="Warn when the share of a class differs by more than this between two splits.",
    )  # fmt: skip

    @field_validator("spans", mode="before")
    @classmethod
    def _as_text(cls, spans: Any) -> Any:
        """Converts a single date, which YAML parses, back to text."""
        return spans.isoformat() if isinstance(spans, datetime.date) else spans

    @field_validator("spans")
    @classmethod
    def _is_rule(cls, spans: str) -> str:
        parse_rule(spans)
        return spans

    @field_validator("features")
    @classmethod
    def _have_image_and_class(cls, features: dict[str, str | None]) -> dict[str, str | None]:
        for name in (IMAGE, CLASS):
            if not features.get(name, name):
                raise ValueError(f"the feature {name} is required")
        return features

    @field_validator("classes", mode="before")
    @classmethod
    def _are_texts(cls, classes: Any) -> Any:
        """Refuses names that YAML reads as something else, such as `on`, `null` and `1`."""
        if classes is not None and not isinstance(classes, list):
            raise ValueError(
                """classes must be a list of names, as in data.classes='["on", "off"]'"""
            )
        for name in classes if isinstance(classes, list) else ():
            if not isinstance(name, str):
                raise ValueError(
                    f"YAML reads one of the names as {name!r}; put names in quotes, as in "
                    """data.classes='["on", "off"]'"""
                )
        return classes

    @field_validator("classes")
    @classmethod
    def _are_names(cls, classes: list[str] | None) -> list[str] | None:
        return None if classes is None else check_class_names(classes)
