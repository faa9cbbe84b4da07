"""The section `serving`: the limits that the serving check enforces."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class ServingSettings(SettingsBase):
    """The limits that the exported model must meet in the serving check."""

    max_latency_ms: float | None = Field(
        None,
        gt=0,
        description="Maximum 99th percentile of the latency of a request with one image, in "
        "milliseconds; null: no limit.",
    )
    max_megabytes: float | None = Field(
        None, gt=0, description="Maximum size of the exported model, in megabytes; null: no limit."
    )
