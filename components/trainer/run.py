"""The `run_fn` that TFX's Trainer calls."""

from dataclasses import asdict
from typing import Any

import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components.artifacts import read_json, read_schema, write_json
from components.trainer.devices import is_chief
from components.trainer.export import Servable, export, save_weights
from components.trainer.settings import TrainingSettings, WarmStart
from components.trainer.state import state_key
from components.trainer.train import train
from data.schema import class_names

REPORT_FILE = "training.json"


def run_fn(fn_args: FnArgs) -> None:
    """Trains, and exports the model that serves.

    `fn_args.custom_config` holds `options`, the fields of TrainingOptions; `warm_start`, those of a
    WarmStart or none; `checkpoints`, a folder for the state of unfinished trainings;
    `weights_digest` and `code_fingerprint`. If there are `fn_args.train_steps`, they stand for the
    epochs. Beside the model that serves lie its Keras weights, and in the folder of the ModelRun
    TensorBoard's logs and `training.json`.
    """
    config = fn_args.custom_config
    options = TrainingSettings.model_validate(config["options"])
    names = class_names(read_schema(fn_args.schema_path))
    steps = fn_args.train_steps
    folder = state_folder(config, fn_args.transform_graph_path, fn_args.train_files, steps)
    start = WarmStart.model_validate(config["warm_start"]) if config["warm_start"] else None
    model, report = train(
        options, fn_args.train_files, fn_args.eval_files, names, folder,
        fn_args.model_run_dir, steps, start,
    )  # fmt: skip
    if is_chief(options.trainer.strategy):
        transform = tft.TFTransformOutput(fn_args.transform_graph_path)
        export(Servable(model, transform, names, options.image_size), fn_args.serving_model_dir)
        save_weights(model, fn_args.serving_model_dir)
        write_json(asdict(report), fn_args.model_run_dir, REPORT_FILE)


def state_folder(config: dict[str, Any], *inputs: Any) -> str:
    """Returns where the state of this training is kept while it is unfinished.

    The name is a digest of all that decides the outcome, so that nothing else goes on from it.
    """
    decide = [
        config[key] for key in ("options", "warm_start", "weights_digest", "code_fingerprint")
    ]
    key = state_key(*decide, *inputs)
    return f"{config['checkpoints']}/{key}"


def read_report(model_run_uri: str) -> dict[str, Any]:
    """Returns the `training.json` of a ModelRun artifact, see TrainingReport."""
    report: dict[str, Any] = read_json(model_run_uri, REPORT_FILE)
    return report
