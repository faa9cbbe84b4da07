"""What the tests of Vertex share: settings, and a job."""

import pytest

from components.google_api import RetryPolicy
from pipeline.settings.loading import load_settings


@pytest.fixture
def vertex():
    return load_settings("vertex-sample").vertex


@pytest.fixture
def retry_policy():
    """Time for a few attempts, and for a service that does not answer."""
    return RetryPolicy(seconds=4.0, call_seconds=2.0)


@pytest.fixture
def job():
    """A job as the compiler makes it, in short."""
    return {
        "displayName": "flowers",
        "labels": {"team": "a"},
        "pipelineSpec": {
            "pipelineInfo": {"name": "flowers"},
            "schemaVersion": "2.1.0",
            "root": {"inputDefinitions": {"parameters": {"target": {}}}, "dag": {"tasks": {}}},
        },
        "runtimeConfig": {
            "gcsOutputDirectory": "gs://your-bucket/flowers/artifacts",
            "parameterValues": {"target": 0.8},
        },
    }
