import importlib

import pytest

from pipeline.graph import create_pipeline
from pipeline.settings.loading import load_settings
from pipeline.steps import STEPS


@pytest.fixture(scope="module")
def nodes(run_context):
    pipeline = create_pipeline(load_settings("quickstart"), run_context)
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
