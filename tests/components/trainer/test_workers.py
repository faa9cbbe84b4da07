"""Trainings of two workers, each in its own process on this machine."""

import json
import signal

import numpy as np
import pytest

from components.trainer.workers import is_chief
from tests.trainings import RECIPE, Training, cluster_of_two, fields


@pytest.fixture
def splits(write_transformed, make_image):
    images = [make_image(i, 32, 32) // 2 + 127 * (i % 2) for i in range(42)]
    labels = [i % 2 for i in range(42)]
    return (
        write_transformed("train", images[:32], labels[:32]),
        write_transformed("eval", images[32:], labels[32:]),
    )


def start_two(folder, splits, name, settings, dies=None, dies_before=0):
    """Starts two workers; worker `dies` does not save its state of epoch `dies_before`."""
    return [
        Training(
            folder, splits, f"{name}-{index}", settings,
            dies_before=dies_before if index == dies else 0, env=env,
        )
        for index, env in enumerate(cluster_of_two())
    ]  # fmt: skip


@pytest.mark.slow
def test_two_workers_train_one_network(tmp_path, splits):
    started = start_two(tmp_path, splits, "whole", fields("multiworker", 8, peak=1e-4))
    (weights, device, *_), (same, *_) = [worker.finish() for worker in started]
    assert device == "2 replicas on several workers"
    for weight, other in zip(weights, same, strict=True):
        assert np.array_equal(weight, other)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "dies", "resumed_at", "recipe"),
    [("squeezenet", 0, 2, RECIPE), ("dense", 1, 3, {})],
)
def test_workers_killed_between_two_saves_resume_from_the_state_of_the_chief(
    tmp_path, splits, network, dies, resumed_at, recipe
):
    settings = fields("multiworker", 8, peak=1e-4, network=network, epochs=4, **recipe)
    whole = start_two(tmp_path, splits, "whole", settings)
    (expected, _, epochs, _), _ = [worker.finish() for worker in whole]
    cut = start_two(tmp_path, splits, "cut", settings, dies, dies_before=2)
    codes = [worker.end() for worker in cut]
    assert codes[dies] == -signal.SIGKILL
    assert codes[1 - dies] not in (0, -signal.SIGKILL)
    for weights, _, again, resumed in [
        worker.finish() for worker in start_two(tmp_path, splits, "cut", settings)
    ]:
        assert resumed == [resumed_at]
        assert [e["loss"] for e in again] == [e["loss"] for e in epochs]
        for weight, other in zip(expected, weights, strict=True):
            assert np.array_equal(weight, other)


@pytest.mark.parametrize(
    ("kind", "index", "cluster", "chief"),
    [
        ("worker", 0, {"worker": ["a:1", "b:1"]}, True),
        ("worker", 1, {"worker": ["a:1", "b:1"]}, False),
        ("chief", 0, {"chief": ["a:1"], "worker": ["b:1"]}, True),
        ("worker", 0, {"chief": ["a:1"], "worker": ["b:1"]}, False),
    ],
)
def test_one_of_several_workers_writes_the_model(monkeypatch, kind, index, cluster, chief):
    config = {"cluster": cluster, "task": {"type": kind, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert is_chief("multiworker") == chief
    assert is_chief("cpu")
