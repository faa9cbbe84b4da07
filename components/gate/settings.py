"""The section `gate`: what a model must reach to be pushed."""

from typing import Literal

from pydantic import Field, model_validator

from data.common.settings_base import SettingsBase


class GateSettings(SettingsBase):
    """What a model must reach on the test split, on its own and against the serving model."""

    target: float = Field(0.8, ge=0, le=1, description="Minimum of the metric on the test split.")
    metric: Literal["accuracy", "top_k_accuracy", "macro_recall", "macro_f1"] = Field(
        "accuracy", description="Metric compared with `target`; macro: the mean over the classes."
    )
    top_k: int = Field(
        5, ge=2,
        description="For `top_k_accuracy`: how many of the most probable classes count.",
    )  # fmt: skip
    confidence: Literal["point", "interval"] = Field(
        "point",
        description="What must reach `target`: `point`, the measured value; `interval`, the lower "
        "end of its 95 % confidence interval.",
    )
    min_examples: int = Field(
        16, ge=1,
        description="Test images required for a verdict. With fewer than 16, the 95 % interval of "
        "the accuracy includes 0.8 even if all are classified correctly.",
    )  # fmt: skip
    class_floor: float = Field(0, ge=0, le=1, description="Minimum recall of each class; 0: none.")
    max_loss: float = Field(
        0.05, ge=0, le=1,
        description="Maximum difference by which the accuracy may be below the serving model's.",
    )  # fmt: skip
    significance: float = Field(
        0.05, gt=0, lt=1,
        description="Significance level of McNemar's exact test; a model that is significantly "
        "worse than the serving model is refused.",
    )  # fmt: skip
    extra_data: str | None = Field(
        None,
        description="Labelled images from elsewhere, as records, on which the model is measured as "
        "well: a folder, a glob of TFRecord files, or gs://...; null: none. Neither the training "
        "nor the choice of the epoch uses them, and images that the model has seen do not count.",
    )
    extra_target: float | None = Field(
        None, ge=0, le=1,
        description="Minimum of the accuracy on `extra_data`; null: it is only reported.",
    )  # fmt: skip
    slices: list[str] = Field(
        [], description="Features of the records by which metrics are sliced, in addition to label."
    )

    @model_validator(mode="after")
    def _target_is_reachable(self) -> "GateSettings":
        if self.confidence == "interval" and self.target == 1:
            raise ValueError("no interval's lower end reaches 1; lower target or use 'point'")
        return self

    @model_validator(mode="after")
    def _extra_target_has_data(self) -> "GateSettings":
        if self.extra_target is not None and self.extra_data is None:
            raise ValueError("extra_target needs extra_data, the images that it is for")
        return self
