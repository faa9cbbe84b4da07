"""The location of an endpoint of Vertex AI, as a URL and for Google's clients."""

from dataclasses import dataclass

from components.region import Region

SCHEME = "vertex-endpoint://"


@dataclass(frozen=True)
class EndpointLocation(Region):
    """A project, a region, and the name that endpoint and model have there."""

    name: str

    @property
    def url(self) -> str:
        """The URL of this location, see `components.model_store.stores.open_store`."""
        return f"{SCHEME}{self.project}/{self.region}/{self.name}"

    @classmethod
    def from_url(cls, url: str) -> "EndpointLocation":
        """Returns the location of a URL."""
        return cls(*url.removeprefix(SCHEME).split("/"))
