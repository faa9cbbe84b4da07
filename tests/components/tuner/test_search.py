"""A search from `tuner_fn`'s configuration to its best trial, with real trainings of toy images."""

import copy
import logging
import os
from types import SimpleNamespace

import numpy as np
import pytest
from keras_tuner.errors import FatalError

from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
from components.tuner.oracle import ConfigFirst
from components.tuner.search import open_search
from components.tuner.settings import TuneSettings
from components.tuner.space import config_values
from components.tuner.trial_training import TrialInputs, TrialTraining
from components.tuner.trial_tuner import TrialTuner
from components.tuner.trials import read_search

BATCH = "trainer.batch_size"


@pytest.fixture
def config(tmp_path):
    trainer = {"epochs": 1, "batch_size": 8}
    settings = TrainingSettings(
        image_size=32, model=ModelSettings(name="dense"),
        trainer=TrainerSettings.model_validate(trainer),
    )  # fmt: skip
    tune = TuneSettings(space={BATCH: [4, 12]}, trials=2, seed=1)
    return {
        "tune": tune.model_dump(mode="json"), "settings": settings.model_dump(mode="json"),
        "folder": str(tmp_path / "tune"), "warm_start": {}, "weights_digest": "",
        "code_fingerprint": "code",
    }  # fmt: skip


@pytest.fixture
def fn_args(write_transformed, make_image):
    def split(name, count):
        images = [make_image(i, 32, 32) for i in range(count)]
        return write_transformed(name, np.asarray(images), [i % 2 for i in range(count)])

    return SimpleNamespace(
        transform_graph_path="graph/1", train_files=split("train", 24), eval_files=split("eval", 6)
    )


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "flowers.progress")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "flowers.progress"]


def tuner_of(config, fn_args, tmp_path):
    """Returns the tuner that `tuner_fn` would make."""
    search = open_search(config, fn_args)
    settings = TrainingSettings.model_validate(config["settings"])
    tune = TuneSettings.model_validate(config["tune"])
    inputs = TrialInputs(
        settings, fn_args.train_files, fn_args.eval_files, ["a", "b"], {"train": 24, "eval": 6},
        start=None, stop_early=True,
    )  # fmt: skip
    values = config_values(settings, tune.space)
    oracle = ConfigFirst(tune.space, values, tune.trials, tune.seed, lambda _: True)
    training = TrialTraining(search, inputs)
    return TrialTuner(oracle, tune.space, search, training, str(tmp_path / "keras_tuner"))


def test_a_search_starts_with_the_config_and_more_trials_continue_it(
    config, fn_args, tmp_path, lines
):
    tuner = tuner_of(config, fn_args, tmp_path)
    tuner.search(verbose=0)
    first = read_search(tuner.found.folder).trials
    assert [trial.state for trial in first] == ["done", "done"]
    assert first[0].values == {BATCH: 8}
    config["tune"]["trials"] = 3
    again = tuner_of(config, fn_args, tmp_path)
    again.search(verbose=0)
    assert "continuing the search; trials finished so far: 2" in lines()
    assert again.found.trials[:2] == first
    assert sorted(trial.values[BATCH] for trial in again.found.trials) == [4, 8, 12]
    # TFX writes these to `best_hyperparameters`.
    best = again.get_best_hyperparameters()[0].values
    assert best == {BATCH: str(again.found.best.values[BATCH])}
    # The trials before are not trained again.
    assert sum(line.startswith("trial 1/") and "training" in line for line in lines()) == 1


def test_a_search_without_a_trial_that_succeeds_fails_with_the_last_reason(
    config, fn_args, tmp_path
):
    config["settings"]["trainer"]["batch_size"] = 25
    config["tune"]["space"] = {BATCH: [25, 26]}
    tuner = tuner_of(config, fn_args, tmp_path)
    with pytest.raises(FatalError) as failure:
        tuner.search(verbose=0)
    cause = str(failure.value.__cause__)
    assert cause.startswith("none of 2 trials succeeded; the last one, trial 2: ValueError: the t")
    assert tuner.found.count() == {"failed": 2}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c, _: c["tune"].update(space={BATCH: [4]}), "the search space"),
        (lambda c, _: c["tune"].update(seed=2), "tune.seed"),
        (lambda c, _: c["settings"]["trainer"].update(epochs=9), "trainer.epochs"),
        (lambda c, _: c.update(code_fingerprint="other"), "the code or its libraries"),
        (lambda _, a: setattr(a, "transform_graph_path", "graph/2"), "the transformed data"),
    ],
)
def test_what_makes_other_trials_starts_a_new_search_and_is_named(
    config, fn_args, lines, change, said
):
    before = open_search(config, fn_args)
    before.trial(1, {})
    before.save()
    changed = copy.deepcopy(config)
    change(changed, fn_args)
    search = open_search(changed, fn_args)
    assert (search.trials, search.folder == before.folder) == ([], False)
    assert lines()[-1].startswith("starting a new search, because since the one of 20")
    assert lines()[-1].endswith(f"this changed: {said}")
    search.save()
    assert len(os.listdir(config["folder"])) == 2


def test_the_budget_does_not_make_another_search(config, fn_args):
    before = open_search(config, fn_args)
    before.trial(1, {})
    before.save()
    config["tune"].update(trials=9, minutes=3)
    search = open_search(config, fn_args)
    assert (len(search.trials), search.trials_wanted, search.minutes_wanted) == (1, 9, 3)
