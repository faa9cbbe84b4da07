"""Trials of two classes, trained by the real Trainer, and stopped in all the ways they can be."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
from components.trainer.training_monitor import TrainingMonitor
from components.tuner.trial_training import TrialInputs, TrialTraining
from components.tuner.trials import Search, Trial, read_search
from data.common.errors import CountMismatch

PEAK = "trainer.learning_rate.peak"
TRAINER = {"epochs": 3, "batch_size": 8, "learning_rate": {"ramp_epochs": 0}}


@pytest.fixture
def inputs(write_transformed, make_image):
    def split(name, count):
        labels = [index % 2 for index in range(count)]
        images = [make_image(i, 32, 32) // 2 + 127 * label for i, label in enumerate(labels)]
        return write_transformed(name, np.asarray(images, np.uint8), labels)

    settings = TrainingSettings(
        image_size=32, model=ModelSettings(name="dense"),
        trainer=TrainerSettings.model_validate(TRAINER),
    )  # fmt: skip
    return TrialInputs(
        settings=settings, train_files=split("train", 24), eval_files=split("eval", 10),
        class_names=["dark", "bright"], expected_examples={"train": 24, "eval": 10},
        start=None, stop_early=True,
    )  # fmt: skip


@pytest.fixture
def search(tmp_path):
    return Search(folder=str(tmp_path / "search"), parts={}, trials_wanted=4)


@pytest.fixture
def progress_lines(caplog):
    caplog.set_level(logging.INFO, "flowers.progress")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "flowers.progress"]


def states(search):
    """The folders of training states that are left."""
    return sorted(path.name for path in Path(search.folder).glob("trial-*"))


def kill_after(monkeypatch, epochs, error):
    """Ends the process after some epochs, as a signal or a lack of memory does."""
    original = TrainingMonitor.on_epoch_end

    def stop(self, epoch, logs=None):
        original(self, epoch, logs)
        if epoch + 1 == epochs:
            raise error

    monkeypatch.setattr(TrainingMonitor, "on_epoch_end", stop)


def test_a_trial_is_trained_with_its_values_and_leaves_no_state(inputs, search, progress_lines):
    trial = search.trial(1, {PEAK: 0.002, "trainer.epochs": 2})
    TrialTraining(search, inputs).run(trial)
    assert (trial.state, trial.epochs, len(trial.accuracies)) == ("done", 2, 2)
    assert trial.eval_accuracy == max(trial.accuracies)
    assert search.eval_examples == 10
    assert states(search) == []
    assert read_search(search.folder).trials == [trial]
    lines = progress_lines()
    assert lines[0] == "trial 1/4: peak 0.002, epochs 2"
    assert any(line.startswith("trial 1/4, epoch 2/2: loss") for line in lines)
    assert lines[-1].startswith("trial 1/4: done, eval accuracy")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({PEAK: 1e30, "trainer.batch_size": 8}, "FloatingPointError: the loss is"),
        ({"trainer.batch_size": 64}, "ValueError: the train split has 24 examples, fewer than one"),
        ({PEAK: 0.001, "trainer.learning_rate.start": 0.01}, "ValueError: trainer.learning_rate: "),
    ],
)
def test_a_trial_that_cannot_be_trained_fails_with_its_reason_and_the_next_one_goes_on(
    inputs, search, progress_lines, values, reason
):
    training = TrialTraining(search, inputs)
    training.run(search.trial(1, values))
    training.run(search.trial(2, {"trainer.epochs": 1}))
    first, second = read_search(search.folder).trials
    assert (first.state, second.state) == ("failed", "done")
    assert first.reason.startswith(reason)
    assert states(search) == []
    assert any(f"trial 1/4: failed: {reason}" in line for line in progress_lines())


def test_a_trial_without_memory_fails(inputs, search, monkeypatch):
    kill_after(monkeypatch, 1, MemoryError("cannot allocate 3 GB"))
    trial = search.trial(1, {})
    TrialTraining(search, inputs).run(trial)
    assert (trial.state, trial.reason) == ("failed", "MemoryError: cannot allocate 3 GB")


def test_what_has_nothing_to_do_with_a_trial_ends_the_search(inputs, search):
    trial = search.trial(1, {})
    wrong = replace(inputs, expected_examples={"train": 25, "eval": 10})
    with pytest.raises(CountMismatch):
        TrialTraining(search, wrong).run(trial)
    # It goes on when that is repaired.
    assert read_search(search.folder).trials[0].state == "interrupted"
    TrialTraining(search, inputs).run(trial)
    assert trial.state == "done"


def test_a_bad_trial_is_stopped_early_and_keeps_what_it_reached(inputs, search):
    for number in range(1, 4):
        good = Trial(
            number=number, values={}, state="done", epochs=3, accuracies=[2.0], losses=[0.0],
            best_epoch=1,
        )  # fmt: skip
        search.trials.append(good)
    trial = search.trial(4, {})
    TrialTraining(search, inputs).run(trial)
    assert (trial.state, len(trial.accuracies)) == ("stopped early", 1)
    assert trial.reason.startswith("after epoch 1 its best eval accuracy is")
    assert states(search) == []
    never = search.trial(5, {})
    TrialTraining(search, replace(inputs, stop_early=False)).run(never)
    assert never.state == "done"


def test_a_trial_that_runs_out_of_time_goes_on_when_there_is_more(inputs, search, progress_lines):
    search.minutes_wanted = 0.0001
    trial = search.trial(1, {})
    TrialTraining(search, inputs).run(trial)
    assert (trial.state, len(trial.accuracies)) == ("out of time", 1)
    assert states(search) == ["trial-1"]
    # It does not start again without time.
    TrialTraining(search, inputs).run(trial)
    assert (trial.state, len(trial.accuracies)) == ("out of time", 1)
    search.minutes_wanted = 60
    TrialTraining(search, inputs).run(trial)
    assert (trial.state, len(trial.accuracies)) == ("done", 3)
    assert any(
        "resuming dense" in line and "1 of 3 epochs done" in line for line in progress_lines()
    )


def test_an_interrupted_trial_goes_on_from_its_state(inputs, search, monkeypatch, progress_lines):
    kill_after(monkeypatch, 2, SystemExit(143))
    trial = search.trial(1, {})
    with pytest.raises(SystemExit):
        TrialTraining(search, inputs).run(trial)
    again = read_search(search.folder)
    (found,) = again.trials
    assert (found.state, len(found.accuracies)) == ("interrupted", 2)
    assert found.seconds > 0
    monkeypatch.undo()
    TrialTraining(again, inputs).run(found)
    assert (found.state, len(found.accuracies)) == ("done", 3)
    assert found.seconds > trial.seconds
    assert any("2 of 3 epochs done" in line for line in progress_lines())


class Killed(BaseException):
    """Stands for a killed process, which saves nothing."""


def test_a_trial_in_which_the_process_dies_again_and_again_is_given_up(inputs, search, monkeypatch):
    """The kernel kills a process without memory, which no `except` sees."""

    def die(*_):
        raise Killed

    monkeypatch.setattr(TrainingMonitor, "on_epoch_begin", die)
    search.trial(1, {})
    for _ in range(2):
        with pytest.raises(Killed):
            TrialTraining(search, inputs).run(search.trials[0])
        search = read_search(search.folder)
        assert search.trials[0].state == "running"
    TrialTraining(search, inputs).run(search.trials[0])
    (trial,) = read_search(search.folder).trials
    assert trial.state == "failed"
    assert "died twice in epoch 1" in trial.reason


def test_deaths_do_not_count_if_epochs_are_finished_between_them(inputs, search, monkeypatch):
    search.trial(1, {})
    for epoch in (1, 2):
        with monkeypatch.context() as patch:
            kill_after(patch, epoch, Killed)
            with pytest.raises(Killed):
                TrialTraining(search, inputs).run(search.trials[0])
        search = read_search(search.folder)
    (trial,) = search.trials
    assert (trial.state, len(trial.accuracies)) == ("running", 2)
    TrialTraining(search, inputs).run(trial)
    assert (trial.state, len(trial.accuracies)) == ("done", 3)
