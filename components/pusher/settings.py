"""The section `push`: where a model that passed the gate is published."""

from typing import Literal

from pydantic import Field, model_validator

from components.lite.result import Precision
from components.model_store.settings import EndpointSettings
from data.common.settings_base import SettingsBase


class PushSettings(SettingsBase):
    """Where a model that passed the gate is published."""

    to: Literal["folder", "vertex-endpoint"] = Field(
        "folder",
        description="`folder`: the folder `serving/` under the root, for TensorFlow Serving; "
        "`vertex-endpoint`: an endpoint of Vertex AI (jobs on Vertex only).",
    )
    keep: int = Field(5, ge=2, description="Versions kept in the folder; older ones are removed.")
    formats: list[Literal["saved_model", "tflite"]] = Field(
        ["saved_model"],
        description="`saved_model`, which is always needed, and `tflite`, a TensorFlow Lite file "
        "in `exports/<version>/`. The serving check judges it; a model whose file fails is not "
        "pushed.",
    )
    tflite: Precision = Field(
        "float16",
        description="Precision of the TensorFlow Lite file: `float32`; `float16`, half the size; "
        "`int8`, about a quarter of the size and integer arithmetic, which can cost accuracy.",
    )
    tflite_max_loss: float = Field(
        0.02, ge=0, le=1,
        description="Maximum difference by which the accuracy of the TensorFlow Lite file on the "
        "test split may be below the SavedModel's.",
    )  # fmt: skip
    endpoint: EndpointSettings = EndpointSettings()

    @model_validator(mode="after")
    def _formats_can_be_pushed(self) -> "PushSettings":
        if "saved_model" not in self.formats:
            raise ValueError("formats must contain saved_model, with which the others are compared")
        if self.to == "vertex-endpoint" and self.tflite_precision:
            raise ValueError(
                "formats: an endpoint has no place for a TensorFlow Lite file; use to=folder, or "
                "leave out tflite"
            )
        return self

    @property
    def tflite_precision(self) -> Precision | None:
        """The precision of the TensorFlow Lite file; None if there is to be none."""
        return self.tflite if "tflite" in self.formats else None
