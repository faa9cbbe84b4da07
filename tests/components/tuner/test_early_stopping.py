import pytest

from components.tuner.early_stopping import why_stop
from components.tuner.trials import Trial


def trial(accuracies, state="running", epochs=8):
    return Trial(number=1, values={}, state=state, epochs=epochs, accuracies=accuracies)


# The medians of the best after 1, 2, 3, ... epochs are 0.4, 0.5, 0.6, ...
FINISHED = [
    trial([0.2, 0.3, 0.1, 0.4, 0.5], "done"),
    trial([0.4, 0.5, 0.6, 0.3, 0.7], "done"),
    trial([0.5, 0.9, 0.9, 0.9, 0.9], "done"),
]


def test_a_trial_below_the_median_at_the_same_epoch_is_stopped_with_the_figures():
    reason = why_stop(trial([0.1, 0.2, 0.59]), FINISHED)
    assert reason == (
        "after epoch 3 its best eval accuracy is 0.590, and the median of 3 finished trials was "
        "0.600"
    )


@pytest.mark.parametrize(
    "accuracies",
    [
        # As good as the median, by its best epoch.
        [0.1, 0.6, 0.2],
        # Too early: a quarter of eight epochs are two.
        [0.1],
        # Nothing is saved after the last epoch.
        [0.1] * 8,
    ],
)
def test_others_go_on(accuracies):
    assert why_stop(trial(accuracies), FINISHED) == ""


def test_only_finished_trials_count_and_three_of_them_are_needed():
    bad = trial([0.0, 0.0, 0.0])
    assert why_stop(bad, FINISHED[:2]) == ""
    stopped = [trial([0.9, 0.9, 0.9], "stopped early"), trial([0.9, 0.9], "failed")]
    assert why_stop(bad, [*FINISHED[:2], *stopped]) == ""


def test_a_trial_that_ended_by_its_own_early_stopping_counts_with_its_best():
    short = trial([0.8], "done")
    assert "median of 4 finished trials was 0.700" in why_stop(
        trial([0.69, 0.6, 0.6]), [*FINISHED, short]
    )
