"""The settings `push.endpoint`: how a model is deployed to an endpoint of Vertex AI."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class EndpointSettings(SettingsBase):
    """The endpoint, its machines, and the first share of the traffic."""

    name: str | None = Field(None, description="null: the name of the pipeline")
    image: str = Field(
        "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest",
        description="serving container; the default is Google's image for TensorFlow",
    )
    machine_type: str = "n1-standard-2"
    min_replicas: int = Field(1, ge=1)
    max_replicas: int = Field(1, ge=1)
    first_share: int = Field(
        10, ge=1, le=50, description="percent of the traffic until the smoke test has passed"
    )
