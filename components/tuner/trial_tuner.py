"""KerasTuner's tuner whose trials are trainings of this project.

KerasTuner would build and fit the models itself, and refuses those of tf_keras. Its own files are
never read: a search is repeated from its seed, and a trial that has ended returns what is in
`trials.json`.
"""

from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial as KerasTrial
from keras_tuner.errors import FailedTrialError, FatalError

from components.tuner.oracle import OBJECTIVE, ConfigFirst, decode
from components.tuner.settings import Space
from components.tuner.trial_training import TrialTraining
from components.tuner.trials import Search


class TrialTuner(keras_tuner.Tuner):
    """Runs the trials that an oracle draws.

    Attributes:
      found: The search, with the trials so far.
    """

    def __init__(
        self,
        oracle: ConfigFirst,
        space: Space,
        search: Search,
        training: TrialTraining,
        directory: str,
    ):
        """Takes the oracle and its space, the search, its training, and a temporary folder."""
        super().__init__(oracle, directory=directory, project_name="trials", overwrite=True)
        self.found, self._space, self._training = search, space, training

    def run_trial(self, trial: KerasTrial, *_: Any, **__: Any) -> dict[str, float]:
        """Runs a trial unless it has ended, and returns its accuracy on eval.

        Raises:
          FailedTrialError: It failed, or has not finished an epoch.
          FatalError: The search cannot go on; its cause says why.
        """
        values = decode(self._space, trial.hyperparameters.values)
        found = self.found.trial(int(trial.trial_id) + 1, values)
        if not found.ended:
            try:
                self._training.run(found)
            except Exception as error:
                raise FatalError(str(error)) from error
        if found.state == "failed" or found.eval_accuracy is None:
            raise FailedTrialError(found.reason)
        return {OBJECTIVE: found.eval_accuracy}

    def on_search_end(self) -> None:
        """Records whether the space is exhausted.

        Raises:
          FatalError: All trials failed, so there is no best one.
        """
        self.found.exhausted = self.oracle.exhausted
        self.found.save()
        if self.found.best is None:
            raise FatalError("no trial succeeded") from RuntimeError(_no_result(self.found))

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[keras_tuner.HyperParameters]:
        """Returns those of the best trials; a finished one is better than a stopped one."""
        ranked = sorted(self.found.trials, key=lambda trial: trial.rank, reverse=True)
        trials = {int(key) + 1: trial for key, trial in self.oracle.trials.items()}
        # A search with fewer trials than before may have its best one beyond them.
        found = [trials[t.number].hyperparameters for t in ranked if t.number in trials]
        return found[:num_trials]


def _no_result(search: Search) -> str:
    if not search.trials:
        return "tune.minutes is over before the first trial; raise it"
    last = search.trials[-1]
    return (
        f"none of {len(search.trials)} trials succeeded; the last one, trial {last.number}: "
        f"{last.reason}"
    )
