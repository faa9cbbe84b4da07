"""A project and a region of Google Cloud, as Vertex's clients name them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """Where things of Vertex AI are."""

    project: str
    region: str

    @property
    def parent(self) -> str:
        """The resource name that begins those of all that is there."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def options(self) -> dict[str, str]:
        """`client_options` of Google's clients: each region has a host of its own."""
        return {"api_endpoint": f"{self.region}-aiplatform.googleapis.com"}
