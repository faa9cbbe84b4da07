"""A project and region of Google Cloud, as Vertex AI's clients take them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """The project and region of Vertex AI resources."""

    project: str
    region: str

    @property
    def parent(self) -> str:
        """The prefix of all resource names in the region."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def options(self) -> dict[str, str]:
        """`client_options` of Google's clients: each region has its own host."""
        return {"api_endpoint": f"{self.region}-aiplatform.googleapis.com"}
