import shutil

import numpy as np
import pytest

from components.image_hashes import write_seen
from components.trainer.export import save_weights, weights_path
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings, WarmStart
from components.trainer.warm_start import earlier_weights, find_seen_images, transfer_weights
from data.common.errors import UsageError

NAMES = ["daisy", "roses"]
MOBILE = {"name": "keras_application", "application": "MobileNetV2"}
NEWER = [{**MOBILE, "application": name} for name in ("MobileNetV3Small", "EfficientNetV2B0")]


@pytest.fixture
def warm_started(tmp_path):
    """Returns a function: weights of a trained model, of one that starts from them, and initial."""

    def start_from(old_model, new_model, names=NAMES):
        old_settings, new_settings = ModelSettings(**old_model), ModelSettings(**new_model)
        old = build_model(old_settings.bare, 32, len(NAMES))
        old.set_weights([w + np.float32(i / 7) for i, w in enumerate(old.get_weights())])
        folder = str(tmp_path / "Format-Serving")
        save_weights(old, folder)
        start = WarmStart(
            version=1, run_id="r", weights=weights_path(folder), digest="",
            frozen=old_settings.frozen, class_names=NAMES,
        )  # fmt: skip
        model = build_model(new_settings.bare, 32, len(names))
        initial = model.get_weights()
        settings = TrainingSettings(image_size=32, model=new_settings, trainer=TrainerSettings())
        transfer_weights(model, earlier_weights(settings, start), NAMES, names)
        return old.get_weights(), model.get_weights(), initial

    return start_from


@pytest.mark.parametrize(
    "model",
    [{"name": "squeezenet"}, *(pytest.param(model, marks=pytest.mark.slow) for model in NEWER)],
    ids=str,
)
def test_all_weights_are_transferred(warm_started, model):
    old, new, _ = warm_started(model, model)
    assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


@pytest.mark.parametrize("first", [True, False])
def test_a_frozen_network_can_be_trained_later_and_the_reverse(warm_started, first):
    frozen = {**MOBILE, "frozen": True, "weights": "imagenet"}
    settings = [frozen, MOBILE] if first else [MOBILE, frozen]
    old, new, _ = warm_started(*settings)
    assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


def test_a_new_class_keeps_its_random_weights_and_the_others_their_trained_ones(warm_started):
    names = ["asters", "daisy", "roses"]
    old, new, initial = warm_started({"name": "convnet"}, {"name": "convnet"}, names)
    assert all(np.array_equal(a, b) for a, b in zip(old[:-2], new[:-2], strict=True))
    for before, after, random in zip(old[-2:], new[-2:], initial[-2:], strict=True):
        assert np.array_equal(after[..., 1:], before)
        assert np.array_equal(after[..., 0], random[..., 0])


HASHES = {name: np.array(values, np.uint64) for name, values in (
    ("train", [1, 2, 3]), ("eval", [4]), ("test", [5, 6, 6]),
)}  # fmt: skip


@pytest.fixture
def start(tmp_path):
    """An earlier model, which has seen the images 1 and 9."""
    write_seen(np.array([1, 9], np.uint64), str(tmp_path / "Format-Serving"))
    weights = str(tmp_path / "Format-Keras" / "weights.h5")
    return WarmStart(
        version=3, run_id="a", weights=weights, digest="", frozen=False, class_names=["a", "b"]
    )


def test_a_model_has_seen_what_its_warm_starts_have_seen(start):
    assert sorted(find_seen_images(HASHES, None)) == [1, 2, 3, 4]
    assert set(find_seen_images(HASHES, start).tolist()) == {1, 2, 3, 4, 9}


def test_a_model_that_has_seen_test_images_is_no_start(start):
    write_seen(np.array([1, 6], np.uint64), start.model)
    message = r"version 3 has seen 2 of the 3 test images.*--set model\.warm_start=none"
    with pytest.raises(UsageError, match=message):
        find_seen_images(HASHES, start)
    shutil.rmtree(start.model)
    with pytest.raises(UsageError, match="has seen 3 of the 3 test images"):
        find_seen_images(HASHES, start)
