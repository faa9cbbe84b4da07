import json
import os

import pytest

from components.tuner.formatting import describe_end, describe_search, describe_values, short_names
from components.tuner.trials import TRIALS_FILE, Search, Trial, read_search


def trial(number, accuracies, losses=None, state="done", **fields):
    best = max(range(len(accuracies)), key=lambda i: accuracies[i]) + 1 if accuracies else 0
    return Trial(
        number=number, values={"trainer.batch_size": 8 * number}, state=state, epochs=3,
        accuracies=accuracies, losses=losses or [1.0] * len(accuracies), best_epoch=best, **fields,
    )  # fmt: skip


def search(*trials, folder="f", **fields):
    return Search(folder=str(folder), parts={}, trials_wanted=6, trials=list(trials), **fields)


@pytest.mark.parametrize(
    ("trials", "best"),
    [
        ([trial(1, [0.5, 0.7]), trial(2, [0.6, 0.8]), trial(3, [0.1])], 2),
        # Equal accuracy: the lower loss.
        ([trial(1, [0.7], [0.9]), trial(2, [0.7], [0.4]), trial(3, [0.7], [0.5])], 2),
        # A stopped one was not trained to its end.
        ([trial(1, [0.7]), trial(2, [0.9], state="stopped early")], 1),
        ([trial(1, [], state="failed"), trial(2, [0.2], state="out of time")], 2),
        # It would fail again.
        ([trial(1, [0.9], state="failed"), trial(2, [0.2], state="stopped early")], 2),
        ([trial(1, [0.9], state="failed")], None),
        ([], None),
    ],
)
def test_the_best_trial_is_chosen_on_eval(trials, best):
    found = search(*trials).best
    assert (found.number if found else None) == best


def test_a_search_is_written_whole_and_read_again(tmp_path):
    before = search(trial(1, [0.5], [float("inf")], seconds=3), folder=tmp_path / "new")
    before.save()
    assert read_search(before.folder) == before
    assert os.listdir(tmp_path / "new") == [TRIALS_FILE]
    assert json.loads((tmp_path / "new" / TRIALS_FILE).read_text())["format_version"] == 1


def test_the_time_left_is_that_of_all_trials():
    found = search(trial(1, [0.5], seconds=40.0), trial(2, [0.5], seconds=30.0))
    assert found.seconds_left is None
    found.minutes_wanted = 2
    assert found.seconds_left == 50
    found.minutes_wanted = 1
    assert found.seconds_left == 0


def test_a_trial_is_described_by_the_ends_of_its_keys():
    values = {"trainer.learning_rate.peak": 0.01, "trainer.augment": "strong"}
    assert describe_values(values) == "peak 0.01, augment strong"
    values = {"trainer.augment": [{"hue": 0.1}, {"mixup": 0.2}], "trainer.ema": None}
    assert describe_values(values) == "augment [{hue: 0.1}, {mixup: 0.2}], ema null"
    assert short_names(["trainer.a.low", "trainer.b.low", "low"]) == {
        "trainer.a.low": "a.low", "trainer.b.low": "b.low", "low": "low",
    }  # fmt: skip


def test_the_end_of_a_trial_is_told_with_its_reason():
    done = trial(1, [0.5, 0.75], seconds=62)
    assert describe_end(done) == "done, eval accuracy 0.750 (epoch 2 of 3), 1 min 2 s"
    failed = trial(2, [], state="failed", reason="the loss is nan", seconds=1)
    assert describe_end(failed) == "failed: the loss is nan, 1 s"


def test_a_search_is_described_by_its_best_trial_and_all_states():
    found = search(
        trial(1, [0.5]), trial(2, [0.75]), trial(3, [], state="failed"), eval_examples=60
    )
    assert describe_search(found) == (
        "best trial 2 of 3, eval accuracy 0.750 (epoch 1 of 3), on 60 images: batch_size 16; "
        "2 done, 1 failed"
    )
