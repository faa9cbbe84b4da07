"""Fixtures of the tests of Vertex AI: settings, problems and a job."""

import pytest

from components.google_api import RetryPolicy
from pipeline.settings.loading import load_settings
from pipeline.vertex.check import find_vertex_problems

COMPLETE = [
    "vertex.project=my-project",
    "vertex.root=gs://my-bucket/flowers",
    "vertex.image=us-docker.pkg.dev/my-project/flowers/flowers:1.0",
]


@pytest.fixture
def find_problems():
    """Returns a function that finds the problems of a complete config with overrides."""

    def find(*overrides, config="vertex-tpu"):
        return find_vertex_problems(load_settings(config, [*COMPLETE, *overrides]))

    return find


@pytest.fixture
def vertex():
    return load_settings("vertex-sample").vertex


@pytest.fixture
def retry_policy():
    """Time for a few attempts, and for a service that does not answer."""
    return RetryPolicy(seconds=4.0, call_seconds=2.0)


@pytest.fixture
def job():
    """The parts of a compiled job that the tests need."""
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
