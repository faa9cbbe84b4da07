"""The section `serving`: the limits that an exported model must keep."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class ServingSettings(SettingsBase):
    """What the exported model must be able to do on this machine; null: no limit."""

    max_latency_ms: float | None = Field(None, gt=0, description="99th percentile of a request")
    max_megabytes: float | None = Field(None, gt=0, description="of its files")
