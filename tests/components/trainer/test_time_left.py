import pytest

from components.trainer.time_left import TimeLeft


def run_epoch(left, first_step, start, steps=4):
    """Runs an epoch of 5 s per step and an evaluation of 10 s; returns the time of its end."""
    left.begin(first_step, start)
    trained = start + 5 * steps
    left.end(first_step + steps, trained)
    left.evaluated(10)
    return trained + 10


def test_steps_and_evaluations_that_follow_take_as_long_as_the_newest():
    left = TimeLeft(40)
    now = run_epoch(left, 0, 100)
    assert left.seconds(4, now, evaluations=9) == 36 * 5 + 9 * 10
    left.begin(4, now)
    assert left.seconds(6, now + 10, evaluations=9) == 34 * 5 + 9 * 10


def test_a_resumed_training_counts_only_its_own_epochs():
    left = TimeLeft(40)
    now = run_epoch(left, 32, 0)
    assert left.seconds(36, now, evaluations=1) == 4 * 5 + 10


def test_before_the_second_step_no_time_is_known():
    left = TimeLeft(40)
    assert left.seconds(0, 7, evaluations=10) is None
    left.begin(1, 7)
    assert left.seconds(1, 7, evaluations=10) is None
    assert left.seconds(2, 12, evaluations=10) == pytest.approx(38 * 5)
