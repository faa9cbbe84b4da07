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
    assert float(RampHoldDecay(SETTINGS, 10, replicas=1)(step)) == pytest.approx(rate)


def test_the_rate_grows_with_the_replicas():
    assert float(RampHoldDecay(SETTINGS, 10, replicas=8)(30)) == pytest.approx(4.0)


def test_the_rate_can_start_at_the_peak():
    settings = SETTINGS.model_copy(update={"ramp_epochs": 0.0})
    assert float(RampHoldDecay(settings, 10, replicas=1)(0)) == pytest.approx(0.5)
