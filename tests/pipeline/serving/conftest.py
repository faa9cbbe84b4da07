"""One server of a root with one pushed version, for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.pipeline.serving.running import Running, running


@pytest.fixture(scope="module")
def server(root) -> Iterator[Running]:
    with running(root) as server:
        yield server
