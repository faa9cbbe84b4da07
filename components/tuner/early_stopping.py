"""Stops bad trials early, by the median rule."""

import math
import statistics
from collections.abc import Sequence

from components.tuner.trials import Trial

# The rule needs this many finished trials, and this part of the epochs of the trial.
_MIN_TRIALS = 3
_MIN_PART = 0.25


def why_stop(trial: Trial, trials: Sequence[Trial]) -> str:
    """Returns why a trial is not worth its remaining epochs; empty if it may go on.

    It is stopped if its best accuracy on eval so far is below the median of what the finished
    trials had reached after as many epochs: the median stopping rule of Golovin et al., "Google
    Vizier: A Service for Black-Box Optimization", 2017, with the best value instead of the mean.

    Args:
      trial: The trial, of which at least one epoch has ended.
      trials: All trials of the search.
    """
    epoch = len(trial.accuracies)
    others = [max(t.accuracies[:epoch]) for t in trials if t.state == "done"]
    if len(others) < _MIN_TRIALS or epoch < math.ceil(trial.epochs * _MIN_PART):
        return ""
    best, median = max(trial.accuracies), statistics.median(others)
    if best >= median or epoch >= trial.epochs:
        return ""
    return (
        f"after epoch {epoch} its best eval accuracy is {best:.3f}, and the median of "
        f"{len(others)} finished trials was {median:.3f}"
    )
