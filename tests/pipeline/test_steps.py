import ast
import importlib
from importlib import metadata

import pytest

from pipeline.fingerprint import reachable_files
from pipeline.graph import create_pipeline
from pipeline.settings.loading import load_settings
from pipeline.steps import (
    STEPS,
    TUNER,
    TUNING,
    library_versions,
    steps_before_training,
    tuner_fingerprint,
)
from pipeline.tuning.graph import SearchContext, create_tuning_pipeline
from pipeline.tuning.request import search_settings


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


# Libraries that transport, store or format what others compute, and the part of TFX that is always
# of its version.
TRANSPORT = {"protobuf", "pydantic", "pyyaml", "tensorflow-metadata", "ml-pipelines-sdk"}
DISTRIBUTIONS = metadata.packages_distributions()


def imported_libraries(step):
    """Returns the distributions that the project's code of a step imports."""
    found = set()
    for file in reachable_files(step.entry):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                package = name.partition(".")[0]
                # A namespace of all clients of Google.
                found.update(DISTRIBUTIONS.get(package, []) if package != "google" else [])
    return {name.lower().replace("_", "-") for name in found}


WITH_CODE = {name: step for name, step in {**STEPS, TUNER: TUNING}.items() if step.entry}


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_libraries_that_a_step_imports_are_part_of_its_fingerprint(name):
    ours, step = {"flowers"}, WITH_CODE[name]
    missing = imported_libraries(step) - set(step.libraries) - TRANSPORT - ours
    assert missing == set()


def test_a_search_has_the_steps_of_a_run_before_the_trainer_with_the_same_parameters(
    nodes, run_context
):
    """Only then do a search and a run take the data from each other's cache."""
    settings = load_settings("quickstart")
    search = SearchContext(search_settings(settings), {}, "data", "command", "code")
    pipeline = create_tuning_pipeline(settings, run_context, search)
    assert [node.id for node in pipeline.components] == [*steps_before_training(), TUNER]
    *data, tuner = pipeline.components
    for node in data:
        assert node.exec_properties == nodes[node.id].exec_properties
        assert node.inputs.keys() == nodes[node.id].inputs.keys()
    producers = {channel.producer_component_id for channel in tuner.inputs.values()}
    assert producers == set(TUNING.after)


def test_the_fingerprint_of_the_tuner_has_keras_tuner_and_the_networks_of_the_trials():
    one, two = (tuner_fingerprint(names, lambda name: "1") for names in (["dense"], ["convnet"]))
    assert one != two
    assert "keras-tuner 1" in one


def test_another_version_concerns_only_the_steps_that_use_the_library():
    before = library_versions(lambda name: "1")
    after = library_versions(lambda name: "2" if name == "tensorflow-model-analysis" else "1")
    assert {step for step in before if before[step] != after[step]} == {"Evaluator", "Gate"}


@pytest.mark.parametrize("name", ["StatisticsGen", "ExampleValidator", "Evaluator"])
def test_steps_without_code_of_ours_have_the_versions_among_their_parameters(nodes, name):
    version = metadata.version("tfx")
    assert f"tfx {version}" in nodes[name].exec_properties["library_fingerprint"]
