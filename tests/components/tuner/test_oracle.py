import pytest
from keras_tuner.engine.trial import TrialStatus

from components.tuner.oracle import ConfigFirst, decode
from components.tuner.settings import Range

SPACE = {
    "trainer.learning_rate.peak": Range(low=0.001, high=0.1, log=True),
    "trainer.epochs": Range(low=2, high=9),
    "trainer.early_stopping": [None, 3],
    "trainer.augment": ["codelab", ["flip"]],
}
CONFIG = {
    "trainer.learning_rate.peak": 0.5, "trainer.epochs": 35,
    "trainer.early_stopping": None, "trainer.augment": {"other": 1},
}  # fmt: skip


def drawn(tmp_path, trials, seed=0, space=SPACE, config=CONFIG, may_start=lambda _: True):
    """Returns the values of the trials that an oracle draws, and the oracle."""
    oracle = ConfigFirst(space, config, trials, seed, may_start)
    oracle._set_project_dir(str(tmp_path), f"{seed}")
    oracle.verbose = 0
    found = []
    while (trial := oracle.create_trial("tuner0")).status == TrialStatus.RUNNING:
        found.append(decode(space, trial.hyperparameters.values))
        trial.status = TrialStatus.FAILED
        oracle.end_trial(trial)
    return found, oracle


def test_the_first_trial_is_the_config_also_with_values_outside_of_the_space(tmp_path):
    trials, _ = drawn(tmp_path, 1)
    assert trials == [CONFIG]


def test_the_others_are_from_the_space(tmp_path):
    trials, oracle = drawn(tmp_path, 30)
    assert len(trials) == 30
    others = trials[1:]
    peaks = [trial["trainer.learning_rate.peak"] for trial in others]
    assert all(0.001 <= peak <= 0.1 for peak in peaks)
    # Even on a logarithmic scale: about half of them are below the geometric mean.
    assert 8 <= sum(peak < 0.01 for peak in peaks) <= 21
    assert {trial["trainer.epochs"] for trial in others} <= set(range(2, 10))
    assert {trial["trainer.early_stopping"] for trial in others} == {None, 3}
    assert {str(trial["trainer.augment"]) for trial in others} == {"codelab", "['flip']"}
    # People read and write them.
    assert all(len(f"{peak:.10g}".strip("0.")) <= 3 for peak in peaks)
    assert not oracle.exhausted


@pytest.mark.parametrize("seed", [0, 7])
def test_a_seed_always_draws_the_same_trials_and_more_trials_begin_alike(tmp_path, seed):
    """KerasTuner would take the seed 0 for none."""
    few, _ = drawn(tmp_path / "a", 4, seed)
    many, _ = drawn(tmp_path / "b", 8, seed)
    assert many[:4] == few
    other, _ = drawn(tmp_path / "c", 4, seed + 1)
    assert other[1:] != few[1:]


def test_a_small_space_is_exhausted_before_the_trials(tmp_path):
    space = {"trainer.batch_size": [8, 16, 32]}
    trials, oracle = drawn(tmp_path, 9, 0, space, {"trainer.batch_size": 16})
    assert sorted(trial["trainer.batch_size"] for trial in trials) == [8, 16, 32]
    assert oracle.exhausted


def test_no_trial_starts_without_time(tmp_path):
    trials, oracle = drawn(tmp_path, 9, may_start=lambda number: number <= 2)
    assert len(trials) == 2
    assert not oracle.exhausted
