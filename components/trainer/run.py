"""The `run_fn` that TFX's Trainer calls."""

import hashlib
import json
from typing import Any

import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components.artifacts import read_schema
from components.image_hashes import read_hashes, write_seen
from components.trainer.augmented_images import write_augmented
from components.trainer.export import Servable, export, save_weights
from components.trainer.settings import TrainingSettings, WarmStart
from components.trainer.train import train
from components.trainer.training_report import write_report
from components.trainer.warm_start import find_seen_images
from components.trainer.workers import is_chief
from data.common.errors import NotTheChief
from data.ingestion_counts import QUARANTINE
from data.schema import class_names


def run_fn(fn_args: FnArgs) -> None:
    """Trains a network and exports it; of several workers, only the chief does.

    Next to the SavedModel it writes the Keras weights, and to the ModelRun artifact TensorBoard's
    logs, `training.json` and `augmented.jpg`.

    Args:
      fn_args: `custom_config` holds `settings`, the fields of TrainingSettings; `warm_start`, the
        fields of a WarmStart, or nothing; `checkpoints`, the folder for the states of unfinished
        trainings; `expected_examples`, the number of examples by split; `quarantine`, the folder of
        the images' hashes; `weights_digest` and `code_fingerprint`. `train_steps`, if set, replaces
        the number of epochs.

    Raises:
      CountMismatch: A split does not have the expected number of examples.
      UsageError: The model of the warm start has seen test images.
      NotTheChief: The training has ended, and another worker exports it. TFX takes no step without
        a model for finished, and must not cache one.
    """
    config = fn_args.custom_config
    settings = TrainingSettings.model_validate(config["settings"])
    start = WarmStart.model_validate(config["warm_start"]) if config["warm_start"] else None
    seen = find_seen_images(read_hashes(config[QUARANTINE]), start)
    names, steps = class_names(read_schema(fn_args.schema_path)), fn_args.train_steps
    model, report = train(
        settings,
        fn_args.train_files,
        fn_args.eval_files,
        names,
        state_folder(config, fn_args.transform_graph_path, fn_args.train_files, steps),
        log_folder=fn_args.model_run_dir,
        num_steps=steps,
        start=start,
        expected_examples=config["expected_examples"],
    )
    if not is_chief(settings.trainer.strategy):
        raise NotTheChief("trained with the other workers; the chief exports the model")
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    export(Servable(model, transform, names, settings.image_size), fn_args.serving_model_dir)
    save_weights(model, fn_args.serving_model_dir)
    write_seen(seen, fn_args.serving_model_dir)
    write_report(report, fn_args.model_run_dir)
    write_augmented(settings, fn_args.train_files, len(names), fn_args.model_run_dir)


def state_folder(config: dict[str, Any], *inputs: Any) -> str:
    """Returns the folder of the training state while the training is unfinished.

    Its name is a digest of everything that determines the outcome, so that no other training
    resumes from it.
    """
    keys = ("settings", "warm_start", "weights_digest", "code_fingerprint")
    parts = json.dumps([*(config[key] for key in keys), *inputs], sort_keys=True)
    return f"{config['checkpoints']}/{hashlib.sha256(parts.encode()).hexdigest()[:16]}"
