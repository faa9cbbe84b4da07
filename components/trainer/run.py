"""The `run_fn` that TFX's Trainer calls."""

from dataclasses import asdict
from typing import Any

import tensorflow_transform as tft
from tfx.components.trainer.fn_args_utils import FnArgs

from components.artifacts import read_json, read_schema, write_json
from components.trainer.export import Servable, export
from components.trainer.train import TrainingOptions, train
from data.schema import class_names

REPORT_FILE = "training.json"


def run_fn(fn_args: FnArgs) -> None:
    """Trains, exports the model that serves, and writes `training.json` beside the training's logs.

    `fn_args.custom_config` holds `options`, the fields of TrainingOptions.
    """
    options = TrainingOptions(**fn_args.custom_config["options"])
    names = class_names(read_schema(fn_args.schema_path))
    model, report = train(options, fn_args.train_files, fn_args.eval_files, len(names))
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    export(Servable(model, transform, names, options.image_size), fn_args.serving_model_dir)
    write_json(asdict(report), fn_args.model_run_dir, REPORT_FILE)


def read_report(model_run_uri: str) -> dict[str, Any]:
    """Returns the `training.json` of a ModelRun artifact, see TrainingReport."""
    report: dict[str, Any] = read_json(model_run_uri, REPORT_FILE)
    return report
