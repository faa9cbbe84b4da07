"""The `tuner_fn` that TFX's Tuner calls."""

from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult

from components.artifacts import read_schema
from components.image_hashes import read_hashes
from components.trainer.settings import TrainingSettings, WarmStart
from components.trainer.warm_start import find_seen_images
from components.tuner.oracle import ConfigFirst
from components.tuner.search import open_search
from components.tuner.settings import TuneSettings
from components.tuner.space import config_values
from components.tuner.trial_training import TrialInputs, TrialTraining
from components.tuner.trial_tuner import TrialTuner
from components.tuner.trials import Search
from data.ingestion_counts import QUARANTINE
from data.schema import class_names


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Returns the tuner of a search, which continues where the search was.

    Args:
      fn_args: `custom_config` holds `tune`, the fields of TuneSettings with a space; `folder`, the
        folder of all searches; `expected_examples` and `quarantine`, see `run_fn` of the Trainer;
        and like those of the Trainer, `settings`, `warm_start`, `weights_digest` and
        `code_fingerprint`.

    Raises:
      UsageError: The model of the warm start has seen test images.
    """
    config = fn_args.custom_config
    settings = TrainingSettings.model_validate(config["settings"])
    tune = TuneSettings.model_validate(config["tune"])
    assert tune.space is not None
    start = WarmStart.model_validate(config["warm_start"]) if config["warm_start"] else None
    find_seen_images(read_hashes(config[QUARANTINE]), start)
    search = open_search(config, fn_args)
    inputs = TrialInputs(
        settings=settings,
        train_files=fn_args.train_files,
        eval_files=fn_args.eval_files,
        class_names=class_names(read_schema(fn_args.schema_path)),
        expected_examples=config["expected_examples"],
        start=start,
        stop_early=tune.stop_early,
    )
    oracle = ConfigFirst(
        tune.space, config_values(settings, tune.space), tune.trials, tune.seed,
        may_start=lambda number: _may_start(search, number),
    )  # fmt: skip
    tuner = TrialTuner(
        oracle, tune.space, search, TrialTraining(search, inputs), fn_args.working_dir
    )
    return TunerFnResult(tuner=tuner, fit_kwargs={"verbose": 0})


def _may_start(search: Search, number: int) -> bool:
    """Returns whether there is time for a trial; one that the search has is at least repeated."""
    return search.seconds_left != 0 or any(trial.number == number for trial in search.trials)
