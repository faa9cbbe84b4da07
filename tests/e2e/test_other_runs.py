"""Whole runs beside the toy's: TFX's own runner, and the quickstart that `make run` starts."""

import pytest
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from data import sources
from data.synthetic import write_sample
from pipeline.config import load_settings


@pytest.mark.slow
def test_tfx_own_local_runner_runs_the_same_pipeline(tmp_path):
    from pipeline.graph import Place, create_pipeline

    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    source = sources.resolve(str(tmp_path / "data"))
    place = Place(
        source=source,
        data_fingerprint=sources.fingerprint(source, sources.list_files(source)),
        root=str(tmp_path),
        metadata_path=str(tmp_path / "metadata.sqlite"),
        run_id="stock",
    )
    settings = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
    settings += ["data.split_salt=2", "evaluator.target=0.0"]
    LocalDagRunner().run(create_pipeline(load_settings("quickstart", settings), place))
    assert (tmp_path / "serving" / "1" / "saved_model.pb").is_file()


@pytest.mark.slow
def test_the_quickstart_ends_with_a_pushed_model_well_above_chance(flowers, tmp_path):
    answer = flowers("run", "--root", tmp_path)
    assert answer.code == 0, answer.out
    (entry,) = flowers("runs", "--root", tmp_path, "--json").json()
    assert entry["pushed"] == 1
    assert sum(entry["examples"].values()) == 600
    assert entry["verdict"]["value"] > 0.8
