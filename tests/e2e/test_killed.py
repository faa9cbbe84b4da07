"""Runs in separate processes that are ended by signals."""

import os
import signal
import time
from pathlib import Path

import pytest

from components.model_store.base import model_digest
from components.model_store.local import LocalStore
from data.synthetic import write_sample

STEPS = [
    "ExampleGen", "Schema", "StatisticsGen", "ExampleValidator", "DataGate", "Transform", "Trainer",
    "Evaluator", "Predictions", "Gate", "ServingCheck", "Pusher",
]  # fmt: skip
SETTINGS = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
SETTINGS += ["data.split_salt=2", "gate.target=0.0", "gate.min_examples=1"]


@pytest.fixture
def command(tmp_path):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    return ["run", "--data", str(tmp_path / "data"), "--root", str(tmp_path / "root"), *options]


@pytest.mark.slow
def test_a_run_that_is_killed_repeatedly_still_finishes(flowers, end, command, tmp_path):
    kills = [
        ("ExampleGen", "during"), ("ExampleGen", "after"), ("Transform", "during"),
        ("Transform", "after"), ("Trainer", "during"), ("Evaluator", "during"),
        ("Predictions", "during"), ("Gate", "before"), ("Pusher", "before"), ("Pusher", "after"),
    ]  # fmt: skip
    for step, phase in kills:
        assert end(command, step, phase) == -signal.SIGKILL
    answer = flowers(*command)
    assert answer.code == 0, answer.out
    *died, last = reversed(flowers("runs", "--root", tmp_path / "root", "--json").json())
    assert last["state"] == "pushed"
    for (step, phase), entry in zip(kills, died, strict=True):
        assert entry["state"] == "interrupted"
        found = {s["name"]: s["state"] for s in entry["steps"]}
        assert found[step] == "interrupted", (step, phase)
        assert set(list(found.values())[STEPS.index(step) + 1 :]) <= {"skipped"}
    # Outputs that were published before a kill are taken from TFX's cache.
    for (step, phase), entry in zip(kills, [*died[1:], last], strict=True):
        found = {s["name"]: s["state"] for s in entry["steps"]}
        finished = STEPS[: STEPS.index(step) + (phase == "after")]
        # Pusher always looks at the serving model, and the gate compares with it.
        rerun = {"Pusher", "Gate"} if (step, phase) == ("Pusher", "after") else {"Pusher"}
        assert {found[name] for name in finished if name not in rerun} <= {"cached"}, (step, phase)
    assert os.listdir(tmp_path / "root" / "serving") == ["1"]
    freed = flowers("clean", "--root", tmp_path / "root").out
    assert "Transform/transformed_examples" in freed
    assert "Nothing to do" in flowers(*command).out


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_are_recorded_in_the_history(flowers, end, command, tmp_path, number, code):
    assert end(command, "Transform", "during", number) == code
    (entry,) = flowers("runs", "--root", tmp_path / "root", "--json").json()
    found = {s["name"]: s["state"] for s in entry["steps"]}
    assert (entry["state"], found["Transform"]) == ("interrupted", "interrupted")
    assert (found["DataGate"], found["Trainer"]) == ("done", "skipped")
    page = tmp_path / "root" / "history" / entry["run_id"] / "report.html"
    assert "Interrupted in Transform" in page.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "number", "code"),
    [
        ("during", signal.SIGINT, 130),
        ("during", signal.SIGKILL, -signal.SIGKILL),
        ("no model", None, 1),
    ],
)
def test_the_process_of_the_serving_check_ends_with_a_run_that_does_not_reach_it(
    end, command, tmp_path, phase, number, code
):
    """It starts after the training, so that it has imported TensorFlow when it is needed."""
    assert end(command, "Evaluator", phase, number) == code
    (waiting,) = (tmp_path / "children").read_text().split()
    # If nobody can kill it, it ends after it has imported TensorFlow.
    deadline = time.monotonic() + (120 if number == signal.SIGKILL else 0)
    while (status := Path("/proc", waiting)).exists():
        assert time.monotonic() < deadline, (status / "cmdline").read_text()
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_a_training_resumes_after_the_last_finished_epoch(
    flowers, end, command, tmp_path, number, code
):
    command = [*command, "--set", "trainer.epochs=3"]
    root = tmp_path / "root"
    assert end(command, "Trainer", "epoch 2", number) == code
    assert len(list(root.glob("checkpoints/*"))) == 1
    answer = flowers(*command)
    assert answer.code == 0, answer.out
    assert "resuming squeezenet on CPU" in answer.out
    assert "2 of 3 epochs done" in answer.out
    assert "epoch 2/3" not in answer.out
    entry, died = flowers("runs", "--root", root, "--json").json()
    assert died["state"] == "interrupted"
    assert (entry["training"]["resumed_at"], len(entry["training"]["epochs"])) == ([3], 3)
    assert (root / "history" / entry["run_id"] / "training.png").is_file()
    # The training state is removed once the model is published.
    assert list(root.glob("checkpoints/*")) == []


@pytest.mark.slow
def test_the_serving_model_is_complete_after_a_kill_in_any_phase_of_a_push(
    flowers, end, command, tmp_path
):
    root = tmp_path / "root"
    serving = root / "serving"
    for phase, versions in (("copying", []), ("copied", []), ("renamed", [1])):
        assert end(command, "Pusher", phase) == -signal.SIGKILL
        assert LocalStore(serving).served_versions() == versions
    answer = flowers(*command)
    assert answer.code == 0, answer.out
    entry = flowers("runs", "--root", root, "--json").json()[0]
    assert (entry["pushed"], os.listdir(serving)) == (1, ["1"])
    assert model_digest(serving / "1") == entry["verdict"]["digest"] == entry["digest"]
