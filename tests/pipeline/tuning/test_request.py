import pytest

from components.tuner.settings import Range
from data.common.errors import UsageError
from pipeline.settings.loading import load_settings
from pipeline.tuning.request import command_line, config_of, networks, search_settings


def test_the_command_line_overrides_the_budget_and_the_space_is_filled_in():
    settings = load_settings("quickstart", ["tune.trials=4", "tune.minutes=9", "tune.seed=3"])
    tune = search_settings(settings, trials=7)
    assert (tune.trials, tune.minutes, tune.seed) == (7, 9, 3)
    assert tune.space["trainer.learning_rate.peak"] == Range(low=0.00075, high=0.012, log=True)
    assert search_settings(settings, minutes=0.5).minutes == 0.5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.strategy=multiworker", "allowed are auto, tpu, gpu and cpu"),
        ("tune.space={gate.target: [0.5]}", "gate.target cannot be tried"),
        ("tune.space.trainer.batch_size=[0]", "0 is not allowed for trainer.batch_size"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_any_work(override, message):
    with pytest.raises(UsageError, match=message):
        search_settings(load_settings("quickstart", [override]))


@pytest.mark.parametrize(
    "override", ["tune.space.trainer.batch_size={low: 9, high: 8}", "tune.trials=0", "tune.trial=3"]
)
def test_a_section_that_is_no_search_is_refused(override):
    with pytest.raises(UsageError, match="tune"):
        load_settings("quickstart", [override])


def test_the_config_has_what_differs_from_the_defaults():
    settings = load_settings("quickstart", ["vertex.alerts.webhook=https://a.b/c", "tune.trials=3"])
    assert config_of(settings)["transform"] == {"image_size": 64}
    assert config_of(settings)["vertex"] == {"alerts": {"webhook": "https://a.b/c"}}
    assert config_of(settings, {"vertex": {"alerts": True}})["vertex"] == {}


def test_the_code_of_each_network_in_the_space_counts():
    settings = load_settings("quickstart", ["tune.space.model.name=[dense, convnet]"])
    assert networks(settings, search_settings(settings)) == {"squeezenet", "dense", "convnet"}


def test_the_command_can_be_pasted_into_a_shell():
    assert command_line(["tune", "--set", "a=[1, 2]"]) == "flowers tune --set 'a=[1, 2]'"
