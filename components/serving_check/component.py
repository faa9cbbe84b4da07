"""The component that checks a model in a separate process before it may be served.

It replaces TFX's InfraValidator, which needs Docker or Kubernetes, and writes the same blessing.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import cast

import tensorflow as tf
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model, Schema
from tfx.utils import path_utils

from components.artifacts import SCHEMA_FILE, read_schema, write_text
from components.lite.export import export_lite
from components.lite.result import Precision
from components.properties import VERDICT_PROPERTY
from components.serving_check.cases import first_records, write_requests
from components.serving_check.check import Limits, find_serving_problems, largest_difference
from components.serving_check.process import ProbeDied, run_probe
from components.serving_check.reference import reference_answers
from components.serving_check.result import ServingCheckResult, format_serving_check
from components.serving_check.result_files import (
    LOG_FILE,
    describe_answers,
    write_serving_check,
    write_smoke,
)
from components.trainer.export import weights_path
from components.trainer.settings import TrainingSettings
from components.trainer.warm_start import load_trained
from data.common.progress import progress
from data.schema import class_names

# Names from TFX, which its Pusher reads.
BLESSED_FILE, NOT_BLESSED_FILE, BLESSED_PROPERTY = "INFRA_BLESSED", "INFRA_NOT_BLESSED", "blessed"
_REAL_IMAGES = 8


@component
def ServingCheck(
    model: InputArtifact[Model],
    examples: InputArtifact[Examples],
    schema: InputArtifact[Schema],
    blessing: OutputArtifact[InfraBlessing],
    settings: Parameter[str],
    max_latency_ms: Parameter[float],
    max_megabytes: Parameter[float],
    tflite: Parameter[str],
    tflite_max_loss: Parameter[float],
    code_fingerprint: Parameter[str],
) -> None:
    """Blesses a model that may be served.

    `settings` is a TrainingSettings as JSON; the two limits are those of Limits; `tflite` is the
    precision of a TensorFlow Lite file, empty for none. The blessing contains `serving_check.json`
    (a ServingCheckResult), `probe.log`, `smoke.json` and the file.
    """
    del code_fingerprint  # Part of TFX's cache key only.
    test_files = tf.io.gfile.glob(f"{artifact_utils.get_split_uri([examples], 'test')}/*")
    names = class_names(read_schema(schema.uri, SCHEMA_FILE))
    path = path_utils.serving_model_path(model.uri)
    training = TrainingSettings.model_validate_json(settings)
    # The probe runs on the CPU as well: a GPU rounds differently, and the training may occupy it.
    with tf.device("/CPU:0"):
        network = cache(
            partial(
                load_trained, training.model, training.image_size, len(names), weights_path(path)
            )
        )
        result = check_model(
            path,
            network,
            first_records(sorted(test_files), _REAL_IMAGES),
            names,
            Limits(max_latency_ms, max_megabytes),
            blessing.uri,
        )
        if tflite:
            precision = cast(Precision, tflite)
            lite = export_lite(
                network(), precision, names, examples.uri, tflite_max_loss, blessing.uri
            )
            result = replace(result, lite=lite, problems=[*result.problems, *lite.problems])
    write_serving_check(result, blessing.uri)
    write_text("", blessing.uri, BLESSED_FILE if result.passed else NOT_BLESSED_FILE)
    blessing.set_int_custom_property(BLESSED_PROPERTY, int(result.passed))
    blessing.set_string_custom_property(VERDICT_PROPERTY, format_serving_check(result))


def check_model(
    model: str,
    network: Callable[[], tf.keras.Model],
    examples: dict[str, bytes],
    names: list[str],
    limits: Limits,
    output_folder: str,
) -> ServingCheckResult:
    """Compares the answers of a model in a separate process with its network's in this one.

    Args:
      model: Folder of the SavedModel.
      network: Returns the network with its Keras weights.
      examples: Serialized tf.Examples with the feature `image`, by name.
      names: The class names in the order of their ids.
      limits: The limits for latency and size.
      output_folder: Folder for the log of the process and `smoke.json`.
    """
    megabytes = _megabytes(model)
    with tempfile.TemporaryDirectory() as folder:
        requests, log = Path(folder, "requests"), Path(folder, LOG_FILE)
        images = write_requests(requests, examples)
        progress.debug("sending %d images to the model in a separate process", len(images))
        try:
            report, expected = run_probe(
                model, requests, log, meanwhile=lambda: reference_answers(network(), images)
            )
        except ProbeDied as error:
            return ServingCheckResult([str(error)], megabytes)
        finally:
            write_text(log.read_text(encoding="utf-8", errors="replace"), output_folder, LOG_FILE)
    write_smoke(examples, expected, output_folder)
    problems = find_serving_problems(report, expected, names, megabytes, limits)
    return ServingCheckResult(
        problems,
        megabytes,
        report["load_seconds"],
        report["peak_megabytes"],
        largest_difference(report, expected),
        latency_ms={name: s["latency_ms"] for name, s in report["signatures"].items()},
        answers={n: describe_answers(s["single"]) for n, s in report["signatures"].items()},
        machine=report["machine"],
    )


def _megabytes(folder: str) -> float:
    files = [os.path.join(path, n) for path, _, names in tf.io.gfile.walk(folder) for n in names]
    return sum(tf.io.gfile.stat(file).length for file in files) / 1e6
