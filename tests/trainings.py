"""Trainings in processes of their own: TensorFlow's devices are configured first."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from components.trainer.settings import TrainingSettings

PROJECT = Path(__file__).parents[1]
TRAIN = """
import json, os, signal, sys
import numpy as np
import tensorflow as tf

replicas, settings, train_files, eval_files, folder, answer, dies_before = json.loads(sys.argv[1])
(cpu,) = tf.config.list_physical_devices("CPU")
devices = [tf.config.LogicalDeviceConfiguration()] * replicas
tf.config.set_logical_device_configuration(cpu, devices)

from components.trainer.settings import TrainingSettings
from components.trainer.state import TrainingState
from components.trainer.train import check, train

def save(self, steps=0, original=TrainingState.save):
    if len(self.report.epochs) == dies_before:
        os.kill(os.getpid(), signal.SIGKILL)
    original(self, steps)

TrainingState.save = save
tf.config.experimental.enable_op_determinism()
settings = TrainingSettings.model_validate(settings)
# As a run does before its first step.
check(settings)
model, report = train(settings, train_files, eval_files, ["a", "b"], folder)
epochs = json.dumps([report.epochs, report.resumed_at])
np.savez(answer, *model.get_weights(), device=report.device, epochs=epochs)
"""


class Training:
    """A training of two classes in its own process."""

    def __init__(self, folder, splits, name, settings, replicas=1, dies_before=0, env=None):
        """Starts it.

        Args:
          folder: The folder of its state and of its answer.
          splits: The files of the training split and of the eval split.
          name: Its name; trainings of one name share a state.
          settings: The fields of TrainingSettings.
          replicas: Number of logical CPU devices.
          dies_before: The epoch whose state it does not save any more; 0 for none.
          env: Variables of its environment.
        """
        self._answer = folder / f"{name}.npz"
        chosen = TrainingSettings.model_validate(settings).model_dump(mode="json")
        state = str(folder / f"state-{name}")
        arguments = [replicas, chosen, *splits, state, str(self._answer), dies_before]
        self._process = subprocess.Popen(
            [sys.executable, "-c", TRAIN, json.dumps(arguments)],
            cwd=PROJECT, env={**os.environ, **(env or {})}, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def end(self):
        """Waits for the end; returns the exit code."""
        self._error = self._process.communicate(timeout=1200)[1]
        return self._process.returncode

    def finish(self):
        """Waits for the end; returns weights, device, epochs, and the epochs of resumptions."""
        assert self.end() == 0, self._error
        with np.load(self._answer) as arrays:
            weights = [arrays[f"arr_{i}"] for i in range(len(arrays.files) - 2)]
            return weights, str(arrays["device"]), *json.loads(str(arrays["epochs"]))


# Settings of the trainer with every part of the optimization that is off by default.
RECIPE = {
    "weight_decay": 0.02, "clip_norm": 1.0, "label_smoothing": 0.1, "class_weights": "balanced",
    "ema": 0.99, "learning_rate": {"schedule": "cosine", "ramp_epochs": 0, "hold_epochs": 1},
}  # fmt: skip
CONSTANT_RECIPE = {key: value for key, value in RECIPE.items() if key != "learning_rate"}


def fields(strategy, batch_size, peak, network="squeezenet", epochs=1, **trainer):
    """Returns the fields of TrainingSettings; the learning rate is constant for 9 epochs."""
    rate = {"start": peak, "peak": peak, "ramp_epochs": 0, "hold_epochs": 9}
    base = {"strategy": strategy, "batch_size": batch_size, "epochs": epochs, "learning_rate": rate}
    return {"image_size": 32, "model": {"name": network}, "trainer": {**base, **trainer}}


def cluster_of_two():
    """Returns the environment of each of two workers on this machine."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("localhost", 0))
        second.bind(("localhost", 0))
        workers = [f"localhost:{s.getsockname()[1]}" for s in (first, second)]
    tasks = [{"type": "worker", "index": index} for index in range(2)]
    clusters = [{"cluster": {"worker": workers}, "task": task} for task in tasks]
    return [{"TF_CONFIG": json.dumps(c), "GRPC_FAIL_FAST": "use_caller"} for c in clusters]
