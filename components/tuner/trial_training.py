"""Trains a trial, or the rest of it, and records how it goes and how it ends."""

import contextlib
import gc
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import tensorflow as tf

from components.artifacts import gfile
from components.trainer.settings import TrainingSettings, WarmStart
from components.trainer.train import train
from components.trainer.training_report import TrainingReport
from components.tuner.early_stopping import why_stop
from components.tuner.formatting import describe_end, describe_values
from components.tuner.space import with_values
from components.tuner.trials import STATE_FOLDER, Search, Trial, TrialState
from data.common.errors import CountMismatch, DataRefused, UsageError, describe_error
from data.common.progress import progress

# A trial in which the process dies this often before an epoch ends is given up.
_MOST_DEATHS = 2
_OUT_OF_TIME = "the minutes of the search are over"
# They have nothing to do with the settings of the trial: the data, the disk, the devices.
_ENDS_SEARCH = (CountMismatch, DataRefused, UsageError, OSError)


@dataclass(frozen=True)
class TrialInputs:
    """What all trials have in common, see `components.trainer.train.train`.

    Attributes:
      settings: The settings of the config.
      train_files: Glob patterns of Transform's records to train on.
      eval_files: Glob patterns of those on which the trials are compared.
      class_names: Class names in the order of their ids.
      expected_examples: Number of examples in `train` and `eval`.
      start: The model of a warm start, or None.
      stop_early: Whether bad trials are stopped.
    """

    settings: TrainingSettings
    train_files: Sequence[str]
    eval_files: Sequence[str]
    class_names: Sequence[str]
    expected_examples: Mapping[str, int]
    start: WarmStart | None
    stop_early: bool


class _End(Exception):
    """Ends a training after an epoch; the state of the trial says why."""


class TrialTraining:
    """Trains the trials of a search one after another."""

    def __init__(self, search: Search, inputs: TrialInputs):
        """Takes the search, which it updates and saves, and what its trials have in common."""
        self._search, self._inputs = search, inputs

    def run(self, trial: Trial) -> None:
        """Trains a trial that has not ended; its state then says how it ended.

        Raises:
          Exception: What ends the search, such as a full disk; the trial can go on later.
        """
        if self._given_up(trial):
            epoch = len(trial.accuracies) + 1
            reason = f"the process died twice in epoch {epoch}, as it does without memory"
            return self._end(trial, "failed", reason)
        if self._search.seconds_left == 0:
            return self._end(trial, "out of time", _OUT_OF_TIME)
        trial.state, trial.reason = "running", ""
        self._save(trial)
        progress.info("%s: %s", self._name(trial), describe_values(trial.values))
        clock = _Clock(trial)
        try:
            self._train(trial, clock)
        except (KeyboardInterrupt, SystemExit):
            clock.stop()
            self._end(trial, "interrupted", "")
            raise
        except Exception as error:
            clock.stop()
            if _ends_search(error):
                self._end(trial, "interrupted", describe_error(error))
                raise
            logging.getLogger(__name__).exception("%s failed", self._name(trial))
            self._end(trial, "failed", describe_error(error))

    def _given_up(self, trial: Trial) -> bool:
        """Counts the deaths of the process, which is all that a trial without memory leaves."""
        if trial.state == "running":
            trial.deaths += 1
        return trial.deaths >= _MOST_DEATHS

    def _train(self, trial: Trial, clock: "_Clock") -> None:
        inputs = self._inputs
        settings = with_values(inputs.settings, trial.values)
        trial.epochs = settings.trainer.epochs
        # The graphs of the trials before would fill the memory.
        tf.keras.backend.clear_session()
        gc.collect()
        on_epoch = self._observer(trial, clock)
        with contextlib.suppress(_End), _prefixed(f"{self._name(trial)}, "):
            _, report = train(
                settings, inputs.train_files, inputs.eval_files, inputs.class_names,
                self._state_folder(trial), start=inputs.start,
                expected_examples=inputs.expected_examples, on_epoch=on_epoch,
            )  # fmt: skip
            _record(trial, report)
            trial.state = "done"
        clock.stop()
        self._end(trial, trial.state, trial.reason)

    def _observer(self, trial: Trial, clock: "_Clock") -> Callable[[TrainingReport], None]:
        """Returns what is called after each epoch: it records the epoch, and may end the trial."""

        def on_epoch(report: TrainingReport) -> None:
            _record(trial, report)
            self._search.eval_examples = report.eval_examples
            trial.deaths = 0
            clock.stop()
            if len(trial.accuracies) < trial.epochs:
                self._judge(trial)
            self._save(trial)
            if trial.state != "running":
                raise _End

        return on_epoch

    def _judge(self, trial: Trial) -> None:
        reason = why_stop(trial, self._search.trials) if self._inputs.stop_early else ""
        if reason:
            trial.state, trial.reason = "stopped early", reason
        elif self._search.seconds_left == 0:
            trial.state, trial.reason = "out of time", _OUT_OF_TIME

    def _end(self, trial: Trial, state: TrialState, reason: str) -> None:
        trial.state, trial.reason = state, reason
        self._save(trial)
        progress.info("%s: %s", self._name(trial), describe_end(trial))
        if trial.ended and gfile().exists(self._state_folder(trial)):
            gfile().rmtree(self._state_folder(trial))

    def _save(self, trial: Trial) -> None:
        self._search.save()
        progress.debug("", extra={"trials": self._search})

    def _name(self, trial: Trial) -> str:
        return f"trial {trial.number}/{self._search.trials_wanted}"

    def _state_folder(self, trial: Trial) -> str:
        return os.path.join(self._search.folder, STATE_FOLDER.format(trial.number))


class _Clock:
    """Adds the time since its start to that of a trial, whenever it is stopped."""

    def __init__(self, trial: Trial):
        self._trial, self._before, self._started = trial, trial.seconds, time.perf_counter()

    def stop(self) -> None:
        self._trial.seconds = round(self._before + time.perf_counter() - self._started, 1)


def _record(trial: Trial, report: TrainingReport) -> None:
    trial.accuracies = [epoch["val_accuracy"] for epoch in report.epochs]
    trial.losses = [epoch["val_loss"] for epoch in report.epochs]
    trial.best_epoch = report.best_epoch


def _ends_search(error: Exception) -> bool:
    # TensorFlow reports a full disk like a full memory.
    return isinstance(error, _ENDS_SEARCH) or "No space left on device" in str(error)


@contextlib.contextmanager
def _prefixed(prefix: str) -> Iterator[None]:
    """Puts a prefix before what a training reports."""

    def rename(record: logging.LogRecord) -> bool:
        if not hasattr(record, "trials"):
            record.msg = f"{prefix}{record.msg}"
        return True

    progress.addFilter(rename)
    try:
        yield
    finally:
        progress.removeFilter(rename)
