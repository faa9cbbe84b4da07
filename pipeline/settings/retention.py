"""The section `retention`: which runs a schedule keeps."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class RetentionSettings(SettingsBase):
    """Which runs keep their artifacts after a scheduled run; by default all of them do."""

    runs: int | None = Field(
        None, ge=1, description="Keep the artifacts of the N newest finished runs; null: no limit."
    )
    days: float | None = Field(
        None, gt=0,
        description="Keep artifacts of runs that started in the last N days; null: no limit.",
    )  # fmt: skip

    @property
    def wanted(self) -> bool:
        """Whether any artifacts are removed at all."""
        return self.runs is not None or self.days is not None
