import logging
from types import SimpleNamespace

import pytest
import tensorflow as tf

from components.trainer import training_monitor
from components.trainer.input import TrainingPlan
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings
from components.trainer.state import TrainingState
from components.trainer.training_monitor import TrainingMonitor
from components.trainer.training_report import TrainingReport
from data.common.progress import progress

METRICS = {"loss": 1.0, "accuracy": 0.5}


@pytest.fixture
def clock(monkeypatch):
    """The clock of the monitor; tests set `now`, in seconds."""
    clock = SimpleNamespace(now=0.0)
    clock.perf_counter = lambda: clock.now
    monkeypatch.setattr(training_monitor, "time", clock)
    return clock


@pytest.fixture
def shown(caplog):
    caplog.set_level(logging.DEBUG, progress.name)
    return caplog


@pytest.fixture
def make_monitor(tmp_path):
    def make(finished=0):
        model = build_model(ModelSettings(name="dense"), 32, 2)
        model.compile("adam", "sparse_categorical_crossentropy")
        report = TrainingReport("CPU", str(tmp_path), 1, train_examples=16, eval_examples=8)
        report.epochs = [{"val_accuracy": 1.0, "val_loss": 0.0}] * finished
        report.best_epoch = min(finished, 1)
        monitor = TrainingMonitor(
            TrainingPlan(8, 2, 10), TrainingState(str(tmp_path), model, report), patience=None
        )
        monitor.set_model(model)
        return monitor

    return make


def test_after_the_first_step_no_time_left_is_shown(clock, shown, make_monitor):
    monitor = make_monitor()
    monitor.on_epoch_begin(0)
    clock.now = 100
    monitor.on_train_batch_end(0, METRICS)
    (line,) = shown.messages
    assert line == "epoch 1/10: loss 1.000, accuracy 0.500, 0 images/s"


def test_the_time_left_of_a_resumed_training_is_that_of_its_remaining_epochs(
    clock, shown, make_monitor
):
    monitor = make_monitor(finished=7)
    monitor.on_epoch_begin(7)
    for step, now in enumerate((100, 160)):
        clock.now = now
        monitor.on_train_batch_end(step, METRICS)
    monitor.on_test_begin()
    clock.now += 120
    monitor.on_epoch_end(7, {**METRICS, "val_loss": 1.0, "val_accuracy": 0.5})
    # Four steps of a minute and two evaluations of two minutes; the first step is compiled.
    assert shown.messages[-1].endswith(", 8 min 0 s left")


def test_metrics_of_a_step_that_is_not_shown_are_not_read(monkeypatch, make_monitor):
    """Keras hands them over as tensors, without waiting for the device."""
    seen = []
    original = TrainingMonitor.on_train_batch_end

    def note(self, batch, logs=None):
        seen.extend(type(value) for value in logs.values())
        original(self, batch, logs)

    monkeypatch.setattr(TrainingMonitor, "on_train_batch_end", note)
    monitor = make_monitor()
    monitor.model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    images, labels = tf.zeros([16, 32, 32, 3], tf.uint8), tf.zeros([16])
    monitor.model.fit(
        images, labels, 8, validation_data=(images, labels), callbacks=[monitor], verbose=0
    )
    assert len(seen) == 4
    assert all(issubclass(kind, tf.Tensor) for kind in seen)
