"""The settings `retention`: what a schedule leaves of old runs."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class RetentionSettings(SettingsBase):
    """Whose artifacts stay after a turn of the schedule; without either, nothing is removed."""

    runs: int | None = Field(None, ge=1, description="newest finished runs")
    days: float | None = Field(None, gt=0, description="since a run began")

    @property
    def wanted(self) -> bool:
        """Whether anything is to be removed at all."""
        return self.runs is not None or self.days is not None
