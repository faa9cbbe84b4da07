"""Words for trials: for the console, the history and the header of the found config."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.tuner.trials import Search, Trial
from data.common.formatting import format_duration, format_value


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Returns the shortest ends of dotted keys that tell them apart: `trainer.a.peak` -> `peak`."""

    def short(key: str) -> str:
        parts = key.split(".")
        for count in range(1, len(parts)):
            end = ".".join(parts[-count:])
            if sum(f".{other}".endswith(f".{end}") for other in keys) == 1:
                return end
        return key

    return {key: short(key) for key in keys}


def describe_values(values: Mapping[str, Any]) -> str:
    """Returns what a trial sets, such as `peak 0.00213, batch_size 16`."""
    names = short_names(list(values))
    return ", ".join(f"{names[key]} {format_value(value)}" for key, value in values.items())


def describe_end(trial: Trial) -> str:
    """Returns how a trial ended: `done, eval accuracy 0.950 (epoch 17 of 18), 1 min 2 s`."""
    parts = [trial.state if trial.state == "done" else f"{trial.state}: {trial.reason}"]
    parts += [describe_accuracy(trial)] if trial.best_epoch else []
    return ", ".join([part.removesuffix(": ") for part in parts] + [format_duration(trial.seconds)])


def describe_accuracy(trial: Trial) -> str:
    """Returns the accuracy of a trial and its epoch; the trial has finished one."""
    return f"eval accuracy {trial.eval_accuracy:.3f} (epoch {trial.best_epoch} of {trial.epochs})"


def describe_search(search: Search) -> str:
    """Returns the best trial, and the number of trials by state."""
    count = ", ".join(f"{number} {state}" for state, number in search.count().items())
    best = search.best
    if best is None:
        return f"no trial succeeded: {count}"
    return (
        f"best trial {best.number} of {len(search.trials)}, {describe_accuracy(best)}, on "
        f"{search.eval_examples} images: {describe_values(best.values)}; {count}"
    )
