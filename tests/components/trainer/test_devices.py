"""Trainings on several devices, each in its own process: devices are configured first."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.devices import is_chief, precision
from components.trainer.learning_rate import RampHoldDecay
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings

PROJECT = Path(__file__).parents[3]
TRAIN = """
import json, sys
import numpy as np
import tensorflow as tf

replicas, settings, train_files, eval_files, folder, answer = json.loads(sys.argv[1])
(cpu,) = tf.config.list_physical_devices("CPU")
devices = [tf.config.LogicalDeviceConfiguration()] * replicas
tf.config.set_logical_device_configuration(cpu, devices)

from components.trainer.settings import TrainingSettings
from components.trainer.train import train

settings = TrainingSettings.model_validate(settings)
model, report = train(settings, train_files, eval_files, ["a", "b"], folder)
np.savez(answer, *model.get_weights(), device=report.device, epochs=json.dumps(report.epochs))
"""


def make_settings(strategy, batch_size, peak):
    rate = {"start": peak, "peak": peak, "ramp_epochs": 0, "hold_epochs": 9}
    trainer = {"strategy": strategy, "batch_size": batch_size, "epochs": 1, "learning_rate": rate}
    values = {"image_size": 32, "model": {"name": "squeezenet"}, "trainer": trainer}
    return TrainingSettings.model_validate(values).model_dump(mode="json")


@pytest.fixture
def splits(write_transformed, make_image):
    images = [make_image(i, 32, 32) // 2 + 127 * (i % 2) for i in range(74)]
    labels = [i % 2 for i in range(74)]
    return (
        write_transformed("train", images[:64], labels[:64]),
        write_transformed("eval", images[64:], labels[64:]),
    )


def start(tmp_path, splits, name, replicas, chosen, env=()):
    """Starts a training in its own process; returns the process and the path of its answer."""
    answer = tmp_path / f"{name}.npz"
    arguments = [replicas, chosen, *splits, str(tmp_path / f"state-{name}"), str(answer)]
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, json.dumps(arguments)],
        cwd=PROJECT, env={**os.environ, **dict(env)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    return process, answer


def finish(process, answer):
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    with np.load(answer) as arrays:
        weights = [arrays[f"arr_{i}"] for i in range(len(arrays.files) - 2)]
        return weights, str(arrays["device"]), json.loads(str(arrays["epochs"]))


@pytest.mark.slow
def test_eight_replicas_learn_what_one_learns_from_the_same_global_batch(tmp_path, splits):
    one = start(tmp_path, splits, "one", 1, make_settings("cpu", 16, peak=8e-5))
    eight = start(tmp_path, splits, "eight", 8, make_settings("cpu", 2, peak=1e-5))
    weights, device, (epoch,) = finish(*one)
    same, devices, (again,) = finish(*eight)
    assert device.startswith("CPU (")
    assert devices.startswith("8 replicas on CPU")
    # The learning rate is scaled with the replicas.
    assert epoch["learning_rate"] == pytest.approx(8e-5)
    assert again["learning_rate"] == pytest.approx(8e-5)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        # Adam turns the sign of a gradient close to zero into a whole step.
        assert again[name] == pytest.approx(epoch[name], rel=5e-3), name
    for weight, other in zip(weights, same, strict=True):
        # Only the fused kernel applies Bessel's correction to the moving variance.
        assert other == pytest.approx(weight, rel=3e-2, abs=1e-3)


@pytest.mark.slow
def test_two_workers_train_one_network(tmp_path, splits):
    with socket.socket() as first, socket.socket() as second:
        first.bind(("localhost", 0))
        second.bind(("localhost", 0))
        workers = [f"localhost:{s.getsockname()[1]}" for s in (first, second)]
    started = []
    for index in range(2):
        cluster = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        env = {"TF_CONFIG": json.dumps(cluster), "GRPC_FAIL_FAST": "use_caller"}
        chosen = make_settings("multiworker", 8, peak=1e-4)
        started.append(start(tmp_path, splits, f"worker-{index}", 1, chosen, env.items()))
    (weights, device, _), (same, _, _) = [finish(*worker) for worker in started]
    assert device == "2 replicas on several workers"
    for weight, other in zip(weights, same, strict=True):
        assert np.array_equal(weight, other)


@pytest.mark.parametrize(
    ("task", "chief"),
    [({"type": "worker", "index": 0}, True), ({"type": "worker", "index": 1}, False)],
)
def test_one_of_several_workers_writes_the_model(monkeypatch, task, chief):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"task": task}))
    assert is_chief("multiworker") == chief
    assert is_chief("cpu")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("squeezenet", 32), ("xception", 71)])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_xla_compiles_a_whole_step_with_static_shapes(name, size, policy):
    """A TPU requires it: no dynamic dimensions, and bfloat16 if the policy says so."""
    with precision(policy):
        model = build_model(ModelSettings(name=name), size, 5)
        rate = RampHoldDecay(TrainerSettings().learning_rate, 10, 1)
        model.compile(tf.keras.optimizers.Adam(rate), "sparse_categorical_crossentropy",
                      weighted_metrics=["accuracy"])  # fmt: skip
    model.optimizer.build(model.trainable_variables)
    images = tf.random.stateless_uniform([4, size, size, 3], [0, 1])
    labels = tf.constant([0, 1, 2, 3], tf.int64)
    model.train_on_batch(images, labels)
    before = [weight.numpy() for weight in model.trainable_weights]

    @tf.function(jit_compile=True, autograph=False)
    def step(images, labels):
        return model.train_step((images, labels))

    hlo = step.experimental_get_compiler_ir(images, labels)(stage="hlo")
    assert "<=" not in hlo
    assert ("bf16[" in hlo) == (policy == "mixed_bfloat16")
    assert np.isfinite(step(images, labels)["loss"])
    changed = [
        np.any(weight.numpy() != old)
        for weight, old in zip(model.trainable_weights, before, strict=True)
    ]
    assert all(changed)
