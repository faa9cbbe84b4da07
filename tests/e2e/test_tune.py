"""Searches on toy images. The tests share a root and run in order."""

import os
import signal

import pytest

from components.tuner.trials import read_search
from data.synthetic import write_sample
from pipeline.settings.loading import load_settings

pytestmark = pytest.mark.slow

SETTINGS = [
    "transform.image_size=32", "model.name=dense", "trainer.epochs=2", "trainer.batch_size=16",
    "data.split_salt=2", "gate.target=0.0", "gate.min_examples=1", "gate.max_loss=1",
    # The third one, by this seed, does not fit into the train split.
    "tune.space.trainer.batch_size=[16, 8, 1000]", "tune.seed=2",
]  # fmt: skip
DATA_STEPS = ["ExampleGen", "Schema", "StatisticsGen", "ExampleValidator", "DataGate", "Transform"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    write_sample(folder / "data", count=120, shards=2, pixels=32)
    return folder / "root"


@pytest.fixture(scope="module")
def options(root):
    options = [option for setting in SETTINGS for option in ("--set", setting)]
    return ["--data", str(root.parent / "data"), "--root", str(root), *options]


@pytest.fixture(scope="module")
def command(options):
    return ["tune", *options]


def states(run):
    return {step["name"]: step["state"] for step in run["steps"]}


def test_a_killed_search_goes_on_with_the_unfinished_trial(flowers, end, command, root):
    assert end([*command, "--trials", "2"], "Tuner", "trial 2/2, epoch 1") == -signal.SIGKILL
    (folder,) = root.glob("tune/*")
    first = read_search(folder).trials[0]
    assert (first.state, first.values) == ("done", {"trainer.batch_size": 16})
    assert (folder / "trial-2").is_dir()
    answer = flowers(*command, "--trials", "2")
    assert answer.code == 0, answer.out
    assert "continuing the search; trials finished so far: 1; trial 2 goes on" in answer.out
    assert "resuming dense on CPU" in answer.out
    assert "1 of 2 epochs done" in answer.out
    assert "trial 1/2" not in answer.out
    search = read_search(folder)
    # Nothing of the finished trial has changed.
    assert search.trials[0] == first
    assert [trial.state for trial in search.trials].count("done") >= 1
    assert sorted(os.listdir(folder)) == ["trials.json", "tuned.yaml"]
    newest, died = flowers("runs", "--root", root, "--json").json()
    assert (died["state"], died["search"]) == ("interrupted", None)
    assert states(newest) == {**dict.fromkeys(DATA_STEPS, "cached"), "Tuner": "done"}


def test_the_same_search_has_nothing_to_do_and_writes_its_config_elsewhere(flowers, command, root):
    out = root.parent / "mine.yaml"
    answer = flowers(*command, "--trials", "2", "--out", out)
    assert answer.code == 0
    assert "Nothing to do" in answer.out
    (found,) = root.glob("tune/*/tuned.yaml")
    assert out.read_text() == found.read_text()


def test_more_trials_continue_it_a_failed_one_is_listed_and_the_space_can_be_exhausted(
    flowers, command, root
):
    answer = flowers(*command, "--trials", "9", "--json")
    assert answer.code == 0, answer.err
    found = answer.json()
    values = [trial["values"]["trainer.batch_size"] for trial in found["trials"]]
    assert values == [16, 8, 1000]
    (failed,) = (trial for trial in found["trials"] if trial["state"] == "failed")
    assert failed["values"] == {"trainer.batch_size": 1000}
    assert "fewer than one batch of 1000" in failed["reason"]
    assert found["exhausted"]
    assert found["best"]["state"] == "done"
    # Standard output is for the JSON.
    assert f"Failed trials: {failed['number']} (ValueError: the train split has" in answer.err
    assert "Every combination in the space has been tried." in answer.err
    assert len(list(root.glob("tune/*"))) == 1


def test_the_found_config_trains_on_the_same_data(flowers, root):
    (config,) = root.glob("tune/*/tuned.yaml")
    best = read_search(config.parent).best
    answer = flowers("run", "--config", config, "--root", root)
    assert answer.code == 0, answer.out
    run = flowers("runs", "--root", root, "--json").json()[0]
    # DataGate checks that the train split fills a batch.
    cached = [step for step in DATA_STEPS if step != "DataGate"]
    assert {states(run)[step] for step in cached} == {"cached"}
    assert run["settings"]["trainer"]["batch_size"] == best.values["trainer.batch_size"]
    # The same seed, data and settings give about the same model as the trial.
    assert run["training"]["eval_accuracy"] == pytest.approx(best.eval_accuracy, abs=0.21)


def test_the_section_tune_is_no_input_of_a_run(flowers, root):
    (config,) = root.glob("tune/*/tuned.yaml")
    answer = flowers("run", "--config", config, "--root", root, "--set", "tune.trials=77")
    assert "Nothing to do" in answer.out


def test_the_history_shows_searches_as_such(flowers, root):
    lines = flowers("runs", "--root", root).out.splitlines()
    assert " pushed " in lines[0]
    assert " tuned " in lines[1]
    assert "search, best eval accuracy" in lines[1]
    assert " interrupted " in lines[-1]
    searched = flowers("runs", "--root", root, "--json").json()[1]
    page = (root / "history" / searched["run_id"] / "report.html").read_text(encoding="utf-8")
    assert "Tuned: best trial" in page
    assert "search, best eval accuracy" in (root / "index.html").read_text(encoding="utf-8")


def test_another_space_starts_anew_says_so_and_is_stopped_by_a_signal(flowers, end, command, root):
    other = [*command, "--trials", "2", "--set", "tune.space.trainer.batch_size=[4]"]
    assert end(other, "Tuner", "trial 1/2, epoch 1", signal.SIGTERM) == 143
    log = max(root.glob("history/*/log.txt")).read_text(encoding="utf-8")
    assert "starting a new search" in log
    assert "this changed: the search space" in log
    newest = max(root.glob("tune/*"), key=lambda folder: folder.stat().st_mtime)
    assert read_search(newest).trials[0].state == "interrupted"
    assert len(list(root.glob("tune/*"))) == 2


def test_clean_removes_the_states_of_abandoned_trials_and_keeps_what_was_found(
    flowers, root, options
):
    (state,) = root.glob("tune/*/trial-1")
    # The start of a run is recorded in whole seconds: a run within the same second is no later one.
    os.utime(state, (0, 0))
    answer = flowers("run", *options, "--set", "gate.min_examples=2")
    assert answer.code == 0, answer.out
    assert "tune/" in flowers("clean", "--root", root).out
    assert not list(root.glob("tune/*/trial-*"))
    assert len(list(root.glob("tune/*/trials.json"))) == 2
    assert len(list(root.glob("tune/*/tuned.yaml"))) == 1


def test_a_rehearsal_runs_the_compiled_search_in_its_custom_job(flowers, root):
    """The processes are those that Vertex AI would start."""
    file, out = root.parent / "job.json", root.parent / "rehearsal"
    settings = [*SETTINGS, "tune.trials=2", "vertex.trainer={machine_type: n1-standard-8}"]
    options = [option for setting in settings for option in ("--set", setting)]
    answer = flowers(
        "vertex", "compile", "--config", "vertex-sample", "--tune", "--out", file, *options
    )
    assert answer.code == 0, answer.err
    data = f"data_root={root.parent / 'data'}"
    answer = flowers("vertex", "rehearse", file, "--root", out, "--parameter", data)
    assert answer.code == 0, answer.out
    assert "110 images of 32 x 32" in answer.out
    assert "best trial " in answer.out
    (config,) = out.glob("tune/*/tuned.yaml")
    found = load_settings(str(config))
    assert found.trainer.batch_size == read_search(config.parent).best.values["trainer.batch_size"]
    assert found.vertex.trainer.machine_type == "n1-standard-8"
