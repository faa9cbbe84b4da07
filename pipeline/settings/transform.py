"""The section `transform`: the images that the model receives."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class TransformSettings(SettingsBase):
    """How images are preprocessed for the model."""

    image_size: int = Field(
        192, ge=32, le=1024, description="Side of the square images that the model gets, in pixels."
    )
