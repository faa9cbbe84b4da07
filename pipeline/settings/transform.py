"""The section `transform`: the image that a model sees."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class TransformSettings(SettingsBase):
    """What the images become before they reach the model."""

    image_size: int = Field(192, ge=32, le=1024, description="side of the square image, pixels")
