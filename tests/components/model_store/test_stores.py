import pytest

from components.model_store.bucket import BucketStore
from components.model_store.endpoint import EndpointStore
from components.model_store.local import LocalStore
from components.model_store.location import EndpointLocation
from components.model_store.stores import open_store

LOCATION = EndpointLocation("my-project", "us-central1", "flowers")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/root/serving", LocalStore),
        ("gs://bucket/serving", BucketStore),
        (LOCATION.url, EndpointStore),
    ],
)
def test_the_url_chooses_the_store(url, kind):
    assert type(open_store(url)) is kind


def test_a_location_is_read_back_from_its_url():
    assert EndpointLocation.from_url(LOCATION.url) == LOCATION
