"""Several seeds on one Transform output, in processes that are killed."""

import json
import signal

import pytest

from data.synthetic import write_sample

SETTINGS = ["transform.image_size=32", "trainer.epochs=3", "trainer.batch_size=16"]
SETTINGS += ["data.split_salt=2", "gate.target=0.0", "gate.min_examples=1"]


@pytest.mark.slow
def test_seeds_are_trained_once_resumed_compared_and_pushed_only_by_a_plain_run(
    flowers, end, tmp_path
):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    root = tmp_path / "root"
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    plain = ["run", "--data", str(tmp_path / "data"), "--root", str(root), *options]
    seeds = [*plain, "--seeds", "0..1"]

    def runs():
        return flowers("runs", "--root", root, "--json").json()

    def states(entry):
        return {step["name"]: step["state"] for step in entry["steps"]}

    answer = flowers(*plain, "--seeds", "0", "--json")
    assert answer.code == 0, answer.err
    assert [seed["seed"] for seed in answer.json()["seeds"]] == [0]
    assert "Gate              done" in answer.err
    # The first seed has a result already, so this kills the training of the second one.
    assert end(seeds, "Trainer", "epoch 2") == -signal.SIGKILL
    answer = flowers(*seeds)
    assert answer.code == 0, answer.err
    assert "Seed 0: nothing changed since run" in answer.out
    assert "2 of 3 epochs done" in answer.out
    assert "2 of 2 seeds reach the target; none was pushed by this command." in answer.out
    second, died, first = runs()
    assert (first["state"], died["state"], second["state"]) == ("stopped", "interrupted", "stopped")
    assert [entry["seeds"] for entry in (first, second)] == ["0", "0..1"]
    assert [entry["settings"]["trainer"]["seed"] for entry in (first, second)] == [0, 1]
    ran = [name for name, state in states(second).items() if state == "done"]
    assert ran == ["Trainer", "Evaluator", "Predictions", "Gate"]
    assert second["training"]["epochs"] != first["training"]["epochs"]
    assert not (root / "serving").exists()
    page = (root / "history" / first["run_id"] / "report.html").read_text(encoding="utf-8")
    assert f"../{second['run_id']}/report.html" in page

    answer = flowers(*seeds, "--json")
    table = json.loads(answer.out)
    assert [seed["run_id"] for seed in table["seeds"]] == [first["run_id"], second["run_id"]]
    assert [seed["test_accuracy"] for seed in table["seeds"]] == [
        entry["verdict"]["value"] for entry in (first, second)
    ]
    assert len(runs()) == 3

    # The same settings without --seeds: the training comes from the cache, and is pushed.
    answer = flowers(*plain)
    assert answer.code == 0, answer.out
    pushed = runs()[0]
    assert (pushed["pushed"], pushed["seeds"]) == (1, "")
    ran = [name for name, state in states(pushed).items() if state == "done"]
    assert ran == ["ServingCheck", "Pusher"]
    assert f"Nothing to do: nothing changed since run {pushed['run_id']}" in flowers(*plain).out
    # A run of another seed after it does not change what a plain run is compared with.
    assert flowers(*plain, "--seeds", "1").code == 0
    assert f"Nothing to do: nothing changed since run {pushed['run_id']}" in flowers(*plain).out
