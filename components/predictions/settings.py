"""The section `predictions`: which images the trained model classifies for the report."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class PredictionsSettings(SettingsBase):
    """Which images the trained model classifies, in addition to the test and eval images."""

    robustness: bool = Field(
        True,
        description="Also classify up to 1,000 test images after each of seven changes, such as 30 "
        "% darker. The report shows the accuracy; the gate does not use it.",
    )
