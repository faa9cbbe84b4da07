import pytest

from components.trainer.learning_rate import RampHoldDecay
from components.trainer.settings import LearningRateSettings

SETTINGS = LearningRateSettings(
    start=0.1, peak=0.5, end=0.01, ramp_epochs=2, hold_epochs=1, decay=0.5
)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (5, 0.2), (10, 0.3), (20, 0.5), (30, 0.5), (40, 0.255), (50, 0.1325), (1000, 0.01)],
)
def test_the_rate_ramps_up_holds_and_decays_by_step(step, rate):
    assert float(RampHoldDecay(SETTINGS, 10, 1, epochs=9)(step)) == pytest.approx(rate)


def test_the_rate_grows_with_the_replicas():
    assert float(RampHoldDecay(SETTINGS, 10, 8, epochs=9)(30)) == pytest.approx(4.0)


def test_the_rate_can_start_at_the_peak():
    settings = SETTINGS.model_copy(update={"ramp_epochs": 0.0})
    assert float(RampHoldDecay(settings, 10, 1, epochs=9)(0)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.1), (10, 0.3), (20, 0.5), (30, 0.5), (60, 0.255), (75, 0.0817), (90, 0.01), (99, 0.01)],
)
def test_a_cosine_decay_ends_with_the_last_epoch(step, rate):
    settings = SETTINGS.model_copy(update={"schedule": "cosine"})
    schedule = RampHoldDecay(settings, 10, 1, epochs=9)
    assert float(schedule(step)) == pytest.approx(rate, abs=1e-4)


def test_a_training_that_ends_before_the_cosine_decay_keeps_the_peak():
    settings = SETTINGS.model_copy(update={"schedule": "cosine"})
    schedule = RampHoldDecay(settings, 10, 1, epochs=3)
    assert [float(schedule(step)) for step in (20, 29, 30, 31)] == pytest.approx([0.5] * 4)
