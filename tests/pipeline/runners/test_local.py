"""The runner, with a pipeline of two small components."""

import shutil
import sys
from pathlib import Path

import pytest
from ml_metadata.metadata_store import MetadataStore
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import Schema

from pipeline.runners.local import ObservedDagRunner


@component
def Producer(schema: OutputArtifact[Schema], text: Parameter[str]):
    """Writes a text."""
    Path(schema.uri, "text").write_text(text, encoding="utf-8")


@component
def Consumer(schema: InputArtifact[Schema], copy: OutputArtifact[Schema]):
    """Copies a text."""
    shutil.copy(Path(schema.uri, "text"), copy.uri)


class Observer:
    """Keeps what the steps found: whether they were cached, and the text in their output."""

    def __init__(self):
        self.found = {}

    def step_started(self, name):
        pass

    def step_finished(self, name, seconds, cached, outputs):
        ((artifact,),) = outputs.values()
        self.found[name] = (cached, Path(artifact.uri, "text").read_text(encoding="utf-8"))

    def step_failed(self, name, seconds, error):
        raise error


@pytest.fixture
def run(tmp_path):
    """Returns a function that runs the pipeline with a text and returns what the steps found."""

    def run_with(run_id: str, text: str) -> dict:
        producer, observer = Producer(text=text), Observer()
        pipeline = Pipeline(
            pipeline_name="small",
            pipeline_root=str(tmp_path / "artifacts"),
            components=[producer, Consumer(schema=producer.outputs["schema"])],
            enable_cache=True,
            metadata_connection_config=metadata.sqlite_metadata_connection_config(
                str(tmp_path / "metadata.sqlite")
            ),
        )
        ObservedDagRunner(run_id, observer).run(pipeline)
        return observer.found

    return run_with


def test_each_run_reads_its_own_artifacts_and_not_all_earlier_executions(run, monkeypatch):
    assert run("1", "a") == {"Producer": (False, "a"), "Consumer": (False, "a")}
    assert run("2", "b") == {"Producer": (False, "b"), "Consumer": (False, "b")}
    read = []

    def counted(store, *args, original=MetadataStore.get_executions_by_context, **options):
        executions = original(store, *args, **options)
        read.append(len(executions))
        return executions

    monkeypatch.setattr(MetadataStore, "get_executions_by_context", counted)
    assert run("3", "a") == {"Producer": (True, "a"), "Consumer": (True, "a")}
    # The pipeline has four or five executions then, and each component three. TFX 1.21 reads all of
    # them once when it begins a step, wherever inputs are looked up.
    assert sum(number > 3 for number in read) == (2 if sys.version_info >= (3, 12) else 0)
