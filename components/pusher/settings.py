"""The section `push`: where a blessed model is served from."""

from typing import Literal

from pydantic import Field

from components.model_store.settings import EndpointSettings
from data.common.settings_base import SettingsBase


class PushSettings(SettingsBase):
    """Where a blessed model is pushed to, and how many versions are kept."""

    to: Literal["folder", "vertex-endpoint"] = "folder"
    keep: int = Field(5, ge=2, description="versions to keep in the served folder")
    endpoint: EndpointSettings = EndpointSettings()
