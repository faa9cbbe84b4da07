"""The trials of a search, and `trials.json`, which records them; it does not import TensorFlow."""

import datetime
import os
from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from components.artifacts import gfile, read_bytes

TRIALS_FILE = "trials.json"
# Next to it, the training state of each unfinished trial.
STATE_FOLDER = "trial-{}"
STATE_FOLDERS = STATE_FOLDER.format("*")
# The config of the best trial, next to it.
FOUND_FILE = "tuned.yaml"

TrialState = Literal[
    "waiting", "running", "interrupted", "done", "stopped early", "failed", "out of time"
]
# A trial in another state goes on when the search does.
_ENDED = ("done", "stopped early", "failed")


class Trial(BaseModel):
    """A training with some settings.

    Attributes:
      number: Its number, starting at 1; the first one has the settings of the config.
      values: What it sets, by dotted key.
      state: Its state; `running` if the process died.
      epochs: The number of epochs that it was to have.
      accuracies: The accuracy on eval after each finished epoch.
      losses: The loss on eval after each finished epoch.
      best_epoch: The epoch whose weights a run would keep; 0 before the first one.
      seconds: The time that it took, interrupted parts included.
      deaths: How often the process died without a word since its last finished epoch.
      reason: Why it was stopped or failed.
    """

    # A loss may be infinite or not a number.
    model_config = ConfigDict(ser_json_inf_nan="strings")

    number: int
    values: dict[str, JsonValue]
    state: TrialState = "waiting"
    epochs: int = 0
    accuracies: list[float] = []
    losses: list[float] = []
    best_epoch: int = 0
    seconds: float = 0.0
    deaths: int = 0
    reason: str = ""

    @property
    def ended(self) -> bool:
        """Whether the search is done with it."""
        return self.state in _ENDED

    @property
    def eval_accuracy(self) -> float | None:
        """The accuracy of its best epoch on eval; None before the first one."""
        return self.accuracies[self.best_epoch - 1] if self.best_epoch else None

    @property
    def rank(self) -> tuple[bool, float, float]:
        """By which the best trial is chosen: finished, eval accuracy, then the lower eval loss.

        A failed trial is the worst: a run with its settings would fail as well.
        """
        if not self.best_epoch or self.state == "failed":
            return (False, -1.0, 0.0)
        index = self.best_epoch - 1
        return (self.state == "done", self.accuracies[index], -self.losses[index])


class Search(BaseModel):
    """A search: the content of `trials.json`.

    Attributes:
      format_version: The version of this format.
      folder: Its folder.
      parts: Everything that determines its trials.
      trials_wanted: The number of trials that were asked for.
      minutes_wanted: The minutes that were asked for, or null.
      updated: When it was last written, ISO 8601 in UTC.
      eval_examples: The number of examples on which the trials are compared.
      exhausted: Whether every combination in the space has been tried.
      trials: The trials, in the order of their numbers.
    """

    format_version: int = 1
    folder: str
    parts: dict[str, JsonValue]
    trials_wanted: int
    minutes_wanted: float | None = None
    updated: str = ""
    eval_examples: int = 0
    exhausted: bool = False
    trials: list[Trial] = []

    def trial(self, number: int, values: dict[str, Any]) -> Trial:
        """Returns a trial by its number; a new one with these values if there is none."""
        for trial in self.trials:
            if trial.number == number:
                return trial
        trial = Trial(number=number, values=values)
        self.trials.append(trial)
        return trial

    @property
    def best(self) -> Trial | None:
        """The best trial on eval, finished ones first; None if all failed, or have no epoch."""
        usable = [trial for trial in self.trials if trial.best_epoch and trial.state != "failed"]
        return max(usable, key=lambda trial: trial.rank, default=None)

    @property
    def seconds(self) -> float:
        """The time that all trials have taken."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def seconds_left(self) -> float | None:
        """What is left of the minutes that were asked for; None without a limit."""
        if self.minutes_wanted is None:
            return None
        return max(self.minutes_wanted * 60 - self.seconds, 0.0)

    def count(self) -> dict[str, int]:
        """Returns the number of trials by state, in the order in which the states appeared."""
        return dict(Counter(trial.state for trial in self.trials))

    def save(self) -> None:
        """Writes `trials.json`: first under another name, so that a kill leaves a whole file."""
        self.updated = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        file = os.path.join(self.folder, TRIALS_FILE)
        gfile().makedirs(self.folder)
        with gfile().GFile(f"{file}.tmp", "w") as stream:
            stream.write(self.model_dump_json(indent=2) + "\n")
        gfile().rename(f"{file}.tmp", file, overwrite=True)


def read_search(*path: str) -> Search:
    """Returns the search whose `trials.json` is in the folder at the joined `path`."""
    return Search.model_validate_json(read_bytes(*path, TRIALS_FILE))
