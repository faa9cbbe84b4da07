"""More whole runs: TFX's own runner, and the quickstart of `make run`."""

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from components.model_store.base import ServedVersion
from data import sources
from data.synthetic import CLASS_NAMES, write_sample
from pipeline.settings.loading import load_settings
from pipeline.steps import library_versions


@pytest.mark.slow
def test_the_local_runner_of_tfx_runs_the_same_pipeline(tmp_path):
    from pipeline.graph import create_pipeline
    from pipeline.run_context import RunContext

    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    source = sources.resolve(str(tmp_path / "data"))
    context = RunContext(
        source=source,
        classes=CLASS_NAMES,
        split_salt="2",
        baseline=ServedVersion(),
        libraries=library_versions(),
        data_fingerprint=sources.fingerprint(source, sources.list_files(source)),
        root=str(tmp_path),
        metadata_path=str(tmp_path / "metadata.sqlite"),
        run_id="stock",
    )
    settings = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
    settings += ["gate.target=0.0", "gate.min_examples=1"]
    LocalDagRunner().run(create_pipeline(load_settings("quickstart", settings), context))
    assert (tmp_path / "serving" / "1" / "saved_model.pb").is_file()


@pytest.mark.slow
def test_the_quickstart_pushes_a_model_well_above_chance(flowers, tmp_path):
    answer = flowers("run", "--root", tmp_path)
    assert answer.code == 0, answer.out
    (entry,) = flowers("runs", "--root", tmp_path, "--json").json()
    assert entry["pushed"] == 1
    assert sum(entry["examples"].values()) == 600
    assert entry["verdict"]["value"] > 0.8


@pytest.mark.slow
def test_a_changed_source_file_reruns_its_step_and_the_steps_that_depend_on_it(flowers, tmp_path):
    project = Path(__file__).parents[2]
    for folder in ("pipeline", "components", "data"):
        shutil.copytree(project / folder, tmp_path / "copy" / folder)
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    settings = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
    settings += ["data.split_salt=2", "gate.target=0.0", "gate.min_examples=1"]
    options = [option for setting in settings for option in ("--set", setting)]
    where = ["--data", str(tmp_path / "data"), "--root", str(tmp_path / "root")]
    assert flowers("run", *where, *options).code == 0

    def run_the_copy(*more: str) -> str:
        code = "from pipeline.cli.main import main; main()"
        command = [sys.executable, "-c", code, "run", *where, *options, *more]
        answer = subprocess.run(command, cwd=tmp_path / "copy", capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    assert "Nothing to do" in run_the_copy()
    augment = tmp_path / "copy" / "components" / "transform" / "augmentation" / "image_ops.py"
    before = augment.read_text()
    augment.write_text(before + "# changed\n")
    planned = dict(line.split(maxsplit=1) for line in run_the_copy("--dry-run").splitlines())
    # Only the Trainer uses augmentation, although its code is next to Transform's.
    assert planned["Transform"] == "unchanged"
    assert planned["Trainer"] == "would run: its code changed"
    augment.write_text(before)

    verdict = tmp_path / "copy" / "components" / "gate" / "verdict.py"
    verdict.write_text(verdict.read_text() + "# changed\n")
    run_the_copy()
    steps = flowers("runs", "--root", tmp_path / "root", "--json").json()[0]["steps"]
    assert [s["name"] for s in steps if s["state"] == "done"] == ["Gate", "Pusher"]
    assert {s["name"]: s["why"] for s in steps}["Gate"] == "its code changed"


@pytest.mark.slow
def test_another_version_of_a_library_reruns_the_steps_of_tfx_that_use_it(
    flowers, tmp_path, monkeypatch
):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    where = ("--data", tmp_path / "data", "--root", tmp_path / "root", "--set", "data.split_salt=2")
    run = ("run", *where, "--until", "ExampleValidator")
    assert flowers(*run).code == 0
    installed = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "0" if name == "pyarrow" else installed(name)
    )
    assert flowers(*run).code == 0
    (entry, _) = flowers("runs", "--root", tmp_path / "root", "--json").json()
    states = {step["name"]: step["state"] for step in entry["steps"]}
    assert (states["ExampleGen"], states["StatisticsGen"]) == ("cached", "done")
