"""Chooses the model store for a URL."""

from components.model_store.base import ModelStore
from components.model_store.local import LocalStore
from components.model_store.location import SCHEME, EndpointLocation
from components.model_store.settings import EndpointSettings


def open_store(url: str, endpoint: EndpointSettings | None = None) -> ModelStore:
    """Returns the store at a URL; nothing is read or created yet.

    The URL is a local folder, a folder of a bucket, or an `EndpointLocation.url`.
    """
    # The libraries of the remote stores take seconds to import.
    if url.startswith(SCHEME):
        from components.model_store.endpoint import EndpointStore

        return EndpointStore(EndpointLocation.from_url(url), endpoint or EndpointSettings())
    if "://" in url:
        from components.model_store.bucket import BucketStore

        return BucketStore(url)
    return LocalStore(url)
