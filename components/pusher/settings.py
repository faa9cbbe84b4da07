"""The section `push`: where a model that passed the gate is published."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from components.region import Region
from data.common.settings_base import SettingsBase

# Begins the place that a gate's driver is to look at; project, region and name follow.
SCHEME = "vertex-endpoint://"


class EndpointSettings(SettingsBase):
    """The Vertex endpoint to which a model is deployed, and its machines."""

    name: str | None = Field(
        None, description="Name of the endpoint and of the model; null: the pipeline's name."
    )
    image: str = Field(
        "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest",
        description="Container image of the model server; the default is Google's image for "
        "TensorFlow.",
    )
    machine_type: str = Field(
        "n1-standard-2", description="Compute Engine machine type of each replica."
    )
    min_replicas: int = Field(1, ge=1, description="Minimum number of replicas.")
    max_replicas: int = Field(1, ge=1, description="Maximum number of replicas.")
    first_share: int = Field(
        10,
        ge=1,
        le=50,
        description="Share of the traffic, in percent, that a new version gets until it has passed "
        "the smoke test.",
    )


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
    """Where a model that passed the gate is published."""

    to: Literal["folder", "vertex-endpoint"] = Field(
        "folder",
        description="`folder`: the folder `serving/` under the root, for TensorFlow Serving; "
        "`vertex-endpoint`: an endpoint of Vertex AI (jobs on Vertex only).",
    )
    keep: int = Field(
        5, ge=2, description="Number of versions to keep in the folder; older ones are removed."
    )
    endpoint: EndpointSettings = EndpointSettings()
