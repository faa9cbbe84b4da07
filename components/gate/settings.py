"""The section `gate`: what a model must reach to be pushed."""

from typing import Literal

from pydantic import Field, model_validator

from data.common.settings_base import SettingsBase

# A proportion of the test images, or a mean over the classes.
Metric = Literal["accuracy", "top_k_accuracy", "macro_recall", "macro_f1"]


class GateSettings(SettingsBase):
    """The rules for a model on the test split, alone and compared with the serving model."""

    target: float = Field(0.8, ge=0, le=1, description="value of the metric to reach")
    metric: Metric = "accuracy"
    top_k: int = Field(
        5, ge=2, description="number of most probable classes that top_k_accuracy accepts"
    )
    confidence: Literal["point", "interval"] = Field(
        "point", description="what must reach the target: the value, or its interval's lower end"
    )
    min_examples: int = Field(1, ge=1, description="minimum number of test images")
    class_floor: float = Field(0, ge=0, le=1, description="minimum recall of every class")
    max_loss: float = Field(
        0.05, ge=0, le=1, description="accepted loss of accuracy against the serving model"
    )
    significance: float = Field(
        0.05, gt=0, lt=1, description="level of McNemar's test against the serving model"
    )
    slices: list[str] = Field([], description="features of the records to slice the metrics by")

    @model_validator(mode="after")
    def _target_is_reachable(self) -> "GateSettings":
        if self.confidence == "interval" and self.target == 1:
            raise ValueError("no interval's lower end reaches 1; lower target or use 'point'")
        return self
