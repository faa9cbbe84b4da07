import pytest

from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
from components.tuner.settings import Range, TuneSettings
from components.tuner.space import (
    checked_space,
    config_values,
    default_space,
    with_values,
)
from data.common.errors import UsageError


def settings(**trainer):
    return TrainingSettings(
        image_size=32, model=ModelSettings(), trainer=TrainerSettings.model_validate(trainer)
    )


def test_the_default_space_is_valid_for_the_config_and_around_its_learning_rate():
    config = settings(learning_rate={"start": 0.001, "peak": 0.002})
    space = default_space(config)
    assert checked_space(config, space) == space
    # A peak below the start of the ramp would be refused in each trial.
    assert space["trainer.learning_rate.peak"] == Range(low=0.001, high=0.008, log=True)
    assert space["trainer.batch_size"] == [16, 32, 64]


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "tune.space is empty"),
        ({"trainer.batch_size": []}, "trainer.batch_size has an empty list"),
        (
            {"trainer.batchsize": [8]},
            "trainer.batchsize cannot be tried; did you mean trainer.batch",
        ),
        ({"transform.image_size": [64]}, "allowed are the settings of model and trainer"),
        ({"trainer.seed": [1, 2]}, "trainer.seed cannot be tried"),
        (
            {"trainer.batch_size": [8, 0]},
            "0 is not allowed for trainer.batch_size: trainer.batch_s",
        ),
        ({"trainer.learning_rate.peak": Range(low=1e-6, high=1.0)}, "start and end must not be"),
        ({"model.name": ["dens"]}, "'dens' is not allowed for model.name"),
    ],
)
def test_a_space_that_no_trial_could_use_is_refused(space, message):
    with pytest.raises(UsageError, match=message):
        checked_space(settings(), space)


def test_the_values_of_a_space_have_the_form_of_those_of_the_config():
    """Otherwise the config would be tried twice."""
    config = settings(augment=["flip_left_right"])
    space = {
        "trainer.augment": [["flip_left_right"], "standard"],
        "trainer.weight_decay": [0, 0.02],
        "trainer.batch_size": Range(low=8.0, high=64),
        "trainer.learning_rate.hold_epochs": Range(low=0, high=9),
    }
    found = checked_space(config, space)
    first = config_values(TrainingSettings.model_validate(config.model_dump(mode="json")), space)
    for key in ("trainer.augment", "trainer.weight_decay"):
        assert repr(found[key][0]) == repr(first[key])
    # Epochs may be fractions, but whole ones were asked for.
    for key in ("trainer.batch_size", "trainer.learning_rate.hold_epochs"):
        assert isinstance(found[key].low, int)
        assert isinstance(found[key].high, int)


def test_a_whole_section_can_be_tried():
    space = {"trainer.learning_rate": [{"start": 0.01, "peak": 0.01}, {"peak": 0.1}]}
    assert checked_space(settings(), space).keys() == space.keys()
    trial = with_values(settings(), {"trainer.learning_rate": {"start": 0.01, "peak": 0.01}})
    assert (trial.trainer.learning_rate.start, trial.trainer.batch_size) == (0.01, 32)


def test_values_that_exclude_each_other_name_the_key():
    values = {"trainer.learning_rate.peak": 0.001, "trainer.learning_rate.start": 0.01}
    with pytest.raises(ValueError, match=r"^trainer.learning_rate: start and end must not be"):
        with_values(settings(), values)


def test_the_config_has_values_for_a_space():
    space = {"trainer.batch_size": [8], "trainer.early_stopping": [1, 2]}
    values = config_values(settings(batch_size=24), space)
    assert values == {"trainer.batch_size": 24, "trainer.early_stopping": None}


def test_a_space_is_given_with_dotted_or_nested_keys():
    peak = {"low": 1e-3, "high": 1e-2, "log": True}
    dotted = {"trainer.batch_size": [8, 16], "trainer.learning_rate.peak": peak}
    nested = {"trainer": {"batch_size": [8, 16], "learning_rate": {"peak": peak}}}
    spaces = [TuneSettings.model_validate({"space": space}).space for space in (dotted, nested)]
    assert spaces[0] == spaces[1]
    assert spaces[0]["trainer.learning_rate.peak"] == Range(low=1e-3, high=1e-2, log=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"low": 2, "high": 1}, "low must be below high"),
        ({"low": 0, "high": 1, "log": True}, "low must be above 0"),
    ],
)
def test_a_range_without_values_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Range.model_validate(values)
