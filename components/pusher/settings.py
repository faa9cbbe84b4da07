"""The section `push`: where a model that passed the gate is published."""

from typing import Literal

from pydantic import Field

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
    endpoint: EndpointSettings = EndpointSettings()
