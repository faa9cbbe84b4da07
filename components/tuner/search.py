"""Opens the search of the Tuner: the one of the same inputs if there is one, else a new one."""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from tfx.components.trainer.fn_args_utils import FnArgs

from components.artifacts import file_exists, gfile
from components.tuner.settings import TuneSettings
from components.tuner.space import setting_keys
from components.tuner.trials import TRIALS_FILE, Search, read_search
from data.common.dotted_keys import get_value
from data.common.formatting import format_list
from data.common.progress import progress

# What people read for the parts of a search that are no settings.
_NAMES = {
    "space": "the search space",
    "data": "the transformed data",
    "code_fingerprint": "the code or its libraries",
    "weights_digest": "the file of model.weights",
    "warm_start": "the model of the warm start",
}


def open_search(config: Mapping[str, Any], fn_args: FnArgs) -> Search:
    """Returns the search of these inputs, with the trials that it has already.

    A search whose trials would be others is in another folder; then a new one starts, and the
    console says what changed.

    Args:
      config: See `components.tuner.run.tuner_fn`.
      fn_args: The arguments of TFX, which name the data.
    """
    tune, parts = TuneSettings.model_validate(config["tune"]), _parts(config, fn_args)
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    folder = os.path.join(config["folder"], key)
    if file_exists(folder, TRIALS_FILE):
        search = read_search(folder)
        _report_resumption(search)
    else:
        _report_change(config["folder"], parts)
        search = Search(folder=folder, parts=parts, trials_wanted=tune.trials)
    search.trials_wanted, search.minutes_wanted = tune.trials, tune.minutes
    search.folder = folder
    return search


def _parts(config: Mapping[str, Any], fn_args: FnArgs) -> dict[str, Any]:
    """Returns everything that determines the trials; the number of trials does not."""
    tune = config["tune"]
    return {
        "space": tune["space"],
        "tune.seed": tune["seed"],
        "tune.stop_early": tune["stop_early"],
        **{key: config[key] for key in ("settings", "warm_start", "weights_digest")},
        "code_fingerprint": config["code_fingerprint"],
        "data": [fn_args.transform_graph_path, *fn_args.train_files, *fn_args.eval_files],
    }


def _report_resumption(search: Search) -> None:
    ended = sum(trial.ended for trial in search.trials)
    unfinished = [f"trial {t.number}" for t in search.trials if not t.ended]
    going_on = f"; {format_list(unfinished)} goes on" if unfinished else ""
    progress.info("continuing the search; trials finished so far: %d%s", ended, going_on)


def _report_change(folder: str, parts: Mapping[str, Any]) -> None:
    """Says what differs from the newest search, so that nobody wonders where its trials are."""
    before = max(_searches(folder), key=lambda search: search.updated, default=None)
    if before is None:
        return
    progress.info(
        "starting a new search, because since the one of %s this changed: %s",
        before.updated.replace("T", " ")[:16],
        format_list(_changed(before.parts, parts)),
    )


def _changed(before: Mapping[str, Any], parts: Mapping[str, Any]) -> list[str]:
    """Returns what differs between the parts of two searches; of the settings, their keys."""
    names = [_NAMES.get(key, key) for key in parts if before.get(key) != parts[key]]
    if "settings" not in names:
        return names
    old, new = before["settings"], parts["settings"]
    keys = [key for key in setting_keys(new) if not isinstance(get_value(new, key), dict)]
    changed = [key for key in keys if get_value(old, key) != get_value(new, key)]
    return [*changed, *(name for name in names if name != "settings")]


def _searches(folder: str) -> list[Search]:
    found = []
    for file in gfile().glob(os.path.join(folder, "*", TRIALS_FILE)):
        try:
            found.append(read_search(os.path.dirname(file)))
        except ValidationError:
            # Another version of this program wrote it; it is only compared with.
            continue
    return found
