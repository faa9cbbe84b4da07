"""A run on two workers: `flowers run` on each, with the same settings and a root of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data.synthetic import write_sample
from tests.trainings import cluster_of_two

SETTINGS = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
SETTINGS += ["data.split_salt=2", "gate.target=0.0", "gate.min_examples=1"]
SETTINGS += ["trainer.strategy=multiworker"]


@pytest.mark.slow
def test_the_chief_serves_the_model_and_the_run_of_the_other_worker_ends_well(flowers, tmp_path):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    program = [sys.executable, "-c", "from pipeline.cli.main import main; main()"]
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    roots = [tmp_path / "chief", tmp_path / "other"]
    processes = [
        subprocess.Popen(
            [*program, "run", "--data", tmp_path / "data", "--root", root, *options],
            cwd=Path(__file__).parents[2], env={**os.environ, **env},
            stdout=subprocess.PIPE, text=True,
        )
        for root, env in zip(roots, cluster_of_two(), strict=True)
    ]  # fmt: skip
    printed = [process.communicate(timeout=1200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed
    (chief,), (other,) = (flowers("runs", "--root", root, "--json").json() for root in roots)
    assert (chief["state"], chief["pushed"], chief["training"]["replicas"]) == ("pushed", 1, 2)
    states = {step["name"]: step["state"] for step in other["steps"]}
    assert (other["state"], other["pushed"]) == ("stopped", None)
    assert (states["Trainer"], states["Evaluator"]) == ("done", "skipped")
    assert "the chief exports the model" in printed[1]
    # Without a model, the cache must not hold the step.
    assert not list((tmp_path / "other").glob("artifacts/Trainer/model/*"))
