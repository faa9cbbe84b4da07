"""Whole runs beside the toy's: TFX's own runner, the quickstart of `make run`, and killed ones."""

import signal
import subprocess
import sys
import textwrap

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


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["step_started", "step_finished"])
def test_a_run_killed_at_transform_is_marked_and_the_next_one_finishes(flowers, tmp_path, phase):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    settings = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
    settings += ["data.split_salt=2", "evaluator.target=0.0"]
    options = [option for setting in settings for option in ("--set", setting)]
    command = ["run", "--data", str(tmp_path / "data"), "--root", str(tmp_path / "root"), *options]
    kill = f"""
        import os, signal
        from pipeline.cli import main
        from pipeline.report import Report

        def die(self, name, *args, original=Report.{phase}):
            if name != "Transform" or "{phase}" == "step_started":
                original(self, name, *args)
            if name == "Transform":
                os.kill(os.getpid(), signal.SIGKILL)

        Report.{phase} = die
        main()
    """
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(kill), *command], check=False)
    assert died.returncode == -signal.SIGKILL
    assert flowers(*command).code == 0
    last, first = flowers("runs", "--root", tmp_path / "root", "--json").json()
    assert (first["state"], last["state"]) == ("interrupted", "pushed")
    assert {s["name"]: s["state"] for s in first["steps"]}["Transform"] == "interrupted"
    states = {step["name"]: step["state"] for step in last["steps"]}
    before = ["ExampleGen", "Schema", "StatisticsGen", "ExampleValidator", "DataGate"]
    assert [states[name] for name in before] == ["cached"] * 5
    # Killed after the step had been published, it is finished for TFX.
    assert states["Transform"] == ("done" if phase == "step_started" else "cached")
