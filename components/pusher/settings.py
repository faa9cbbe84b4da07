"""The settings `push`: where a model goes that passed."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from components.region import Region
from data.common.settings_base import SettingsBase

# Begins the place that a gate's driver is to look at; project, region and name follow.
SCHEME = "vertex-endpoint://"


class EndpointSettings(SettingsBase):
    """The endpoint that a model is deployed to, and on what."""

    name: str | None = Field(None, description="null: the pipeline's")
    image: str = Field(
        "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest",
        description="that serves; Google's own for TensorFlow",
    )
    machine_type: str = "n1-standard-2"
    min_replicas: int = Field(1, ge=1)
    max_replicas: int = Field(1, ge=1)
    first_share: int = Field(10, ge=1, le=50, description="percent, until the smoke test passed")


@dataclass(frozen=True)
class EndpointPlace(Region):
    """A region, and the name of endpoint and model there."""

    name: str

    @property
    def url(self) -> str:
        """The place as a gate's driver takes it."""
        return f"{SCHEME}{self.project}/{self.region}/{self.name}"

    @classmethod
    def of(cls, url: str) -> "EndpointPlace":
        """Returns the place of a `url`."""
        return cls(*url.removeprefix(SCHEME).split("/"))


class PushSettings(SettingsBase):
    """What becomes of a model that passed."""

    to: Literal["folder", "vertex-endpoint"] = "folder"
    keep: int = Field(5, ge=2, description="versions served from a folder; older ones are removed")
    endpoint: EndpointSettings = EndpointSettings()
