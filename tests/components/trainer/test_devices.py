"""Trainings on several devices, each in its own process: devices are configured first."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from components.trainer import devices
from components.trainer.compilation import compile_model
from components.trainer.devices import fewest_replicas, precision
from components.trainer.input import TrainingPlan
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
from tests.trainings import CONSTANT_RECIPE, PROJECT, RECIPE, Training, fields

MIXED = {**RECIPE, "augment": ["mixup", "cutmix"]}


@pytest.fixture
def splits(write_transformed, make_image):
    images = [make_image(i, 32, 32) // 2 + 127 * (i % 2) for i in range(74)]
    labels = [i % 2 for i in range(74)]
    return (
        write_transformed("train", images[:64], labels[:64]),
        write_transformed("eval", images[64:], labels[64:]),
    )


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [pytest.param({}, marks=pytest.mark.long), CONSTANT_RECIPE])
def test_eight_replicas_learn_what_one_learns_from_the_same_global_batch(tmp_path, splits, recipe):
    one = Training(tmp_path, splits, "one", fields("cpu", 16, peak=8e-5, **recipe))
    settings = fields("cpu", 2, peak=1e-5, **recipe)
    eight = Training(tmp_path, splits, "eight", settings, replicas=8)
    weights, device, (epoch,), _ = one.finish()
    same, devices, (again,), _ = eight.finish()
    assert device.startswith("CPU (")
    assert devices.startswith("8 replicas on CPU")
    # The learning rate is scaled with the replicas.
    assert epoch["learning_rate"] == pytest.approx(8e-5)
    assert again["learning_rate"] == pytest.approx(8e-5)
    for name in ("loss", "val_loss", "val_accuracy"):
        # Adam turns the sign of a gradient close to zero into a whole step.
        assert again[name] == pytest.approx(epoch[name], rel=5e-3), name
    # One of the 64 images may be on the other side of the boundary.
    assert again["accuracy"] == pytest.approx(epoch["accuracy"], abs=1 / 64)
    for weight, other in zip(weights, same, strict=True):
        # Only the fused kernel applies Bessel's correction to the moving variance.
        assert other == pytest.approx(weight, rel=3e-2, abs=1e-3)


def test_replicas_are_counted_without_starting_the_devices(monkeypatch):
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster}))
    assert fewest_replicas("multiworker") == 3
    assert [fewest_replicas(name) for name in ("auto", "cpu", "gpu", "tpu")] == [1] * 4
    monkeypatch.setattr(devices, "_has_tpu", lambda: True)
    monkeypatch.setattr(devices, "tpu_files", lambda: range(8))
    assert [fewest_replicas(name) for name in ("auto", "cpu", "tpu")] == [8, 1, 8]
    monkeypatch.delenv("TF_CONFIG")
    assert fewest_replicas("multiworker") == 1


@pytest.mark.slow
def test_replicas_mix_their_images_differently(tmp_path):
    code = """
import sys
import numpy as np, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings
from components.transform.augmentation.mixing import Mixing
from components.transform.augmentation.setting import parse_augmentation

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = build_model(ModelSettings(name="dense"), 32, 2)
    model.compile("adam")
model.mixing = Mixing(parse_augmentation(["mixup"]).batch_ops, 0, 2)
batch = tf.zeros([4, 32, 32, 3], tf.uint8), tf.constant([0, 1, 0, 1])
_, labels = strategy.run(lambda *batch: model.mixing(*batch, model.number_of_step()), args=batch)
np.save(sys.argv[1], strategy.experimental_local_results(labels))
"""
    subprocess.run([sys.executable, "-c", code, tmp_path / "labels.npy"], cwd=PROJECT, check=True)
    first, second = np.load(tmp_path / "labels.npy")
    assert first.sum(-1) == pytest.approx(1)
    assert not np.array_equal(first, second)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("squeezenet", 32), ("xception", 71)])
@pytest.mark.parametrize(("policy", "recipe"), [("float32", MIXED), ("mixed_bfloat16", {})])
def test_xla_compiles_a_whole_step_with_static_shapes(name, size, policy, recipe):
    """A TPU requires it: no dynamic dimensions, and bfloat16 if the policy says so."""
    trainer = TrainerSettings.model_validate(recipe)
    settings = TrainingSettings(image_size=size, model=ModelSettings(name=name), trainer=trainer)
    with precision(policy):
        model = build_model(settings.model, size, 5)
        compile_model(model, settings, TrainingPlan(4, 10, 35), np.ones(5, np.int64), True)
    model.optimizer.build(model.trainable_variables)
    pixels = tf.random.stateless_uniform([4, size, size, 3], [0, 1], 0, 256, tf.int32)
    images = tf.cast(pixels, tf.uint8)
    labels = tf.constant([0, 1, 2, 3], tf.int64)
    model.train_on_batch(images, labels)
    before = [weight.numpy() for weight in model.trainable_weights]

    @tf.function(jit_compile=True, autograph=False)
    def step(images, labels):
        return model.train_step((images, labels))

    hlo = step.experimental_get_compiler_ir(images, labels)(stage="hlo")
    assert "<=" not in hlo
    assert ("bf16[" in hlo) == (policy == "mixed_bfloat16")
    averaged = model.validated.get_weights()
    assert np.isfinite(step(images, labels)["loss"])
    pairs = zip(model.validated.get_weights(), averaged, strict=True)
    assert all(np.any(weight != old) for weight, old in pairs)
    changed = [
        np.any(weight.numpy() != old)
        for weight, old in zip(model.trainable_weights, before, strict=True)
    ]
    assert all(changed)
