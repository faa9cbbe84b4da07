"""`tuned.yaml`: the config of a search with the settings of its best trial."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from components.tuner.formatting import describe_accuracy, describe_end, describe_values
from components.tuner.trials import Search, Trial
from data.common.dotted_keys import set_values


def found_config(search: Search, config: Mapping[str, Any], data: str, command: str) -> str:
    """Returns the text of a config file, with the figures of the search as its header.

    Args:
      search: A search with a best trial.
      config: The settings with which it started, section by section; defaults may be missing.
      data: The records, for people.
      command: The command that searched.
    """
    best = search.best
    assert best is not None
    header = "\n".join(f"# {line}".rstrip() for line in _header(search, best, data, command))
    values = yaml.safe_dump(set_values(config, best.values), sort_keys=False, allow_unicode=True)
    return f"{header}\n\n{values}"


def _header(search: Search, best: Trial, data: str, command: str) -> Iterator[str]:
    yield f"Found by a search of {len(search.trials)} trials: {describe_values(best.values)}."
    yield ""
    yield f"  {command}"
    yield ""
    yield f"Trial {best.number} was the best one on {search.eval_examples} eval images, with"
    yield f"{describe_accuracy(best)}{_compared_with_config(search, best)}."
    yield "As the best of several it is too high an estimate. The test images have not been used."
    yield ""
    yield f"Data:   {data}"
    seed = search.parts["tune.seed"]
    yield f"Seeds:  {seed} of the search, {_training_seed(search)} of each training"
    yield f"Date:   {search.updated.replace('T', ' ')[:16]} UTC"
    yield "Trials:"
    for trial in search.trials:
        words = describe_values(trial.values)
        yield f"  {trial.number:>3}  {words}: {describe_end(trial)}"


def _compared_with_config(search: Search, best: Trial) -> str:
    """Returns what the first trial had, which has the settings of the config."""
    first = search.trials[0]
    if best is first:
        return ", which is the config itself"
    return f"; the config itself had {describe_accuracy(first)}" if first.best_epoch else ""


def _training_seed(search: Search) -> Any:
    settings: Any = search.parts["settings"]
    return settings["trainer"]["seed"]
