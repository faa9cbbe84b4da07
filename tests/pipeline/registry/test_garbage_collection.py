import datetime

import pytest
from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.gate.verdict import Verdict
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.registry import garbage_collection
from pipeline.settings.settings import RetentionSettings


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Five finished runs, a day apart, the newest today; each has an artifact with its name."""
    history = History(tmp_path)
    now = datetime.datetime.now(datetime.UTC)
    for age in range(5):
        start = now - datetime.timedelta(days=age, minutes=1)
        run = Run(
            run_id=history.new_run_id(start), started=start.isoformat(timespec="seconds"),
            state="refused", config="c", settings={}, model=f"{age} days",
        )  # fmt: skip
        history.save(run)
    monkeypatch.setattr(
        garbage_collection, "_outputs", lambda store, run, keep_all: [run.model] if keep_all else []
    )
    return tmp_path


@pytest.mark.parametrize(
    ("runs", "days", "kept"),
    [
        (1, None, 1),
        (3, None, 3),
        (None, 2.5, 3),
        (4, 1.5, 2),
        (2, 3.5, 2),
        # The newest run is kept, however old it is.
        (None, 0.0001, 1),
    ],
)
def test_clean_keeps_runs_that_are_among_the_newest_and_young_enough(root, runs, days, kept):
    found = garbage_collection._needed_uris(
        root, None, History(root).runs(), RetentionSettings(runs=runs, days=days)
    )
    assert found == {f"{age} days" for age in range(kept)}


@pytest.fixture
def store():
    """ML Metadata of a run `r1` with an output of each of several types, in memory."""
    config = mlmd.ConnectionConfig()
    config.fake_database.SetInParent()
    store = MetadataStore(config)
    step = store.put_execution_type(mlmd.ExecutionType(name="Step"))
    run = store.put_context_type(mlmd.ContextType(name="pipeline_run"))
    outputs = []
    for name in ("Examples", "Model", "ModelEvaluation", "InfraBlessing"):
        type_id = store.put_artifact_type(mlmd.ArtifactType(name=name))
        artifact = mlmd.Artifact(type_id=type_id, uri=f"/r/artifacts/{name}")
        event = mlmd.Event(type=mlmd.Event.OUTPUT)
        outputs.append((artifact, event))
    context = mlmd.Context(type_id=run, name="r1")
    store.put_execution(mlmd.Execution(type_id=step), outputs, [context])
    return store


@pytest.mark.parametrize(
    ("keep_all", "blessed", "kept"),
    [
        (True, False, {"Examples", "Model", "ModelEvaluation", "InfraBlessing"}),
        (False, True, {"Model", "ModelEvaluation", "InfraBlessing"}),
        (False, False, set()),
    ],
)
def test_of_an_old_run_the_files_of_a_blessed_model_are_kept(store, keep_all, blessed, kept):
    verdict = Verdict(blessed, "accuracy", 0.9, 0.8, 1.0, 0.8, 10, [])
    run = Run(
        run_id="r1", started="2026-01-01T00:00:00+00:00", state="refused", config="c", settings={},
        model="dense", verdict=verdict,
    )  # fmt: skip
    found = set(garbage_collection._outputs(store, run, keep_all))
    assert found == {f"/r/artifacts/{name}" for name in kept}
