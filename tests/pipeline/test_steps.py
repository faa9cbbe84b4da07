import importlib

import pytest

from components.model_store.base import ServedVersion
from data import sources
from data.synthetic import CLASS_NAMES
from pipeline.graph import RunContext, create_pipeline
from pipeline.settings.loading import load_settings
from pipeline.steps import STEPS


@pytest.fixture(scope="module")
def nodes():
    context = RunContext(
        source=sources.resolve("sample"),
        classes=CLASS_NAMES,
        split_salt="",
        data_fingerprint="",
        root="/root",
        baseline=ServedVersion(),
    )
    pipeline = create_pipeline(load_settings("quickstart"), context)
    return {node.id: node for node in pipeline.components}


def test_the_steps_are_those_of_the_graph_in_their_order(nodes):
    assert list(nodes) == list(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_depends_on_the_steps_whose_outputs_the_graph_gives_it(nodes, name):
    node, step = nodes[name], STEPS[name]
    producers = {channel.producer_component_id for channel in node.inputs.values()}
    assert set(step.after) == producers
    assert set(step.waits_for) == {other.id for other in node.upstream_nodes} - producers


@pytest.mark.parametrize("name", STEPS)
def test_a_step_has_a_summary_and_a_code_module(name):
    assert callable(importlib.import_module(STEPS[name].summary).summarize)
    if STEPS[name].entry:
        importlib.import_module(STEPS[name].entry)
