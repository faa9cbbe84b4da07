"""The section `gate`: what a model must reach to be pushed."""

from typing import Literal

from pydantic import Field, model_validator

from data.common.settings_base import SettingsBase

# A proportion of the test images, or a mean over the classes.
Metric = Literal["accuracy", "top_k_accuracy", "macro_recall", "macro_f1"]


class GateSettings(SettingsBase):
    """What a model must reach on the test split, alone and beside the model that serves."""

    target: float = Field(0.8, ge=0, le=1, description="of the metric")
    metric: Metric = "accuracy"
    top_k: int = Field(5, ge=2, description="right if the class is among the k likeliest")
    confidence: Literal["point", "interval"] = Field(
        "point", description="what must reach the target: the value, or its interval's lower end"
    )
    min_examples: int = Field(1, ge=1, description="test images; fewer decide nothing")
    class_floor: float = Field(0, ge=0, le=1, description="recall that each class must reach")
    max_loss: float = Field(
        0.05, ge=0, le=1, description="accuracy that it may lose against the model that serves"
    )
    significance: float = Field(
        0.05, gt=0, lt=1, description="of McNemar's test against the model that serves"
    )
    slices: list[str] = Field([], description="features of the records to measure by, beside label")

    @model_validator(mode="after")
    def _fit_together(self) -> "GateSettings":
        if self.confidence == "interval" and self.target == 1:
            raise ValueError("no interval's lower end reaches 1; lower target or take 'point'")
        return self
