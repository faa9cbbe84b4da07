"""The settings `push.endpoint`: how a model is deployed to an endpoint of Vertex AI."""

from pydantic import Field

from data.common.settings_base import SettingsBase


class EndpointSettings(SettingsBase):
    """The Vertex endpoint to which a model is deployed, and its machines."""

    name: str | None = Field(
        None, description="Name of the endpoint and of the model; null: the pipeline's name."
    )
    image: str = Field(
        "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest",
        description="Container image of the model server; the default is Google's for TensorFlow.",
    )
    machine_type: str = Field("n1-standard-2", description="Machine type of each replica.")
    min_replicas: int = Field(1, ge=1, description="Minimum number of replicas.")
    max_replicas: int = Field(1, ge=1, description="Maximum number of replicas.")
    first_share: int = Field(
        10, ge=1, le=50,
        description="Percentage of the traffic for a new version until it passes the smoke test.",
    )  # fmt: skip
