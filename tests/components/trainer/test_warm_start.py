import numpy as np
import pytest

from components.trainer.export import save_weights, weights_path
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings, WarmStart
from components.trainer.warm_start import earlier_weights, transfer_weights

NAMES = ["daisy", "roses"]
MOBILE = {"name": "keras_application", "application": "MobileNetV2"}


@pytest.fixture
def begun(tmp_path):
    """Returns a function: the weights of a trained model, and of one that begins with them."""

    def begin(then, now, names=NAMES):
        then, now = ModelSettings(**then), ModelSettings(**now)
        old = build_model(then.bare, 32, len(NAMES))
        old.set_weights([w + np.float32(i / 7) for i, w in enumerate(old.get_weights())])
        folder = str(tmp_path / "Format-Serving")
        save_weights(old, folder)
        start = WarmStart(
            version=1, run_id="r", weights=weights_path(folder), digest="", frozen=then.frozen,
            class_names=NAMES,
        )  # fmt: skip
        model = build_model(now.bare, 32, len(names))
        built = model.get_weights()
        options = TrainingSettings(image_size=32, model=now, trainer=TrainerSettings())
        transfer_weights(model, earlier_weights(options, start), NAMES, names)
        return old.get_weights(), model.get_weights(), built

    return begin


def test_all_weights_are_taken_over(begun):
    old, new, _ = begun({"name": "squeezenet"}, {"name": "squeezenet"})
    assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


@pytest.mark.parametrize("first", [True, False])
def test_what_was_frozen_may_be_trained_now_and_the_reverse(begun, first):
    frozen = {**MOBILE, "frozen": True, "weights": "imagenet"}
    settings = [frozen, MOBILE] if first else [MOBILE, frozen]
    old, new, _ = begun(*settings)
    assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


def test_a_new_class_keeps_its_random_weights_and_the_others_keep_what_they_learnt(begun):
    names = ["asters", "daisy", "roses"]
    old, new, built = begun({"name": "convnet"}, {"name": "convnet"}, names)
    assert all(np.array_equal(a, b) for a, b in zip(old[:-2], new[:-2], strict=True))
    for before, after, random in zip(old[-2:], new[-2:], built[-2:], strict=True):
        assert np.array_equal(after[..., 1:], before)
        assert np.array_equal(after[..., 0], random[..., 0])
