"""The component that asks a model in a process of its own before it may serve.

It stands where TFX has InfraValidator, which needs Docker or Kubernetes, and blesses as that does.
"""

import logging
import os
import tempfile
from pathlib import Path

import tensorflow as tf
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model, Schema
from tfx.utils import path_utils

from components.artifacts import SCHEMA_FILE, read_schema, write_text
from components.properties import VERDICT_PROPERTY
from components.serving_check.cases import first_records, write_requests
from components.serving_check.check import Limits, find_serving_problems, largest_difference
from components.serving_check.process import ProbeDied, run_probe
from components.serving_check.reference import reference_answers
from components.serving_check.result import (
    LOG_FILE,
    ServingCheckResult,
    format_serving_check,
    make_result,
    write_serving_check,
    write_smoke,
)
from components.trainer.export import weights_path
from components.trainer.settings import TrainingSettings
from data.schema import class_names

# TFX's names, which its Pusher heeds.
BLESSED_FILE, NOT_BLESSED_FILE, BLESSED_PROPERTY = "INFRA_BLESSED", "INFRA_NOT_BLESSED", "blessed"
_REAL_IMAGES = 8
progress = logging.getLogger("flowers.progress")


@component
def ServingCheck(
    model: InputArtifact[Model],
    examples: InputArtifact[Examples],
    schema: InputArtifact[Schema],
    blessing: OutputArtifact[InfraBlessing],
    options: Parameter[str],
    max_latency_ms: Parameter[float],
    max_megabytes: Parameter[float],
    code_fingerprint: Parameter[str],
) -> None:
    """Blesses a model that is fit to serve.

    `options` are the fields of TrainingOptions as JSON, the two limits those of Limits. In the
    blessing lie `serving_check.json`, a ServingCheckResult, and `probe.log`.
    """
    del code_fingerprint  # Only TFX's cache looks at it.
    result = check_model(
        path_utils.serving_model_path(model.uri),
        first_records(_test_files(examples), _REAL_IMAGES),
        class_names(read_schema(schema.uri, SCHEMA_FILE)),
        TrainingSettings.model_validate_json(options),
        Limits(max_latency_ms, max_megabytes),
        blessing.uri,
    )
    write_serving_check(result, blessing.uri)
    write_text("", blessing.uri, BLESSED_FILE if result.fit else NOT_BLESSED_FILE)
    blessing.set_int_custom_property(BLESSED_PROPERTY, int(result.fit))
    blessing.set_string_custom_property(VERDICT_PROPERTY, format_serving_check(result))


def check_model(
    model: str,
    examples: dict[str, bytes],
    names: list[str],
    options: TrainingSettings,
    limits: Limits,
    log_folder: str,
) -> ServingCheckResult:
    """Asks a model in a fresh process, and compares with what its network answers in this one.

    Args:
      model: folder of the SavedModel, beside that of its Keras weights.
      examples: serialized tf.Examples with the feature `image`, by name.
      names: the classes in the order of their ids.
      options: those of the training.
      limits: what is allowed.
      log_folder: takes the log of the process, and `smoke.json`.
    """
    megabytes = _megabytes(model)
    with tempfile.TemporaryDirectory() as here:
        requests, log = Path(here, "requests"), Path(here, LOG_FILE)
        images = write_requests(requests, examples)
        progress.debug("asking the model in a process of its own")
        try:
            report = run_probe(model, requests, log)
        except ProbeDied as error:
            return ServingCheckResult([str(error)], megabytes)
        finally:
            write_text(log.read_text(errors="replace"), log_folder, LOG_FILE)
    progress.debug("asking the network itself: %d images", len(images))
    expected = reference_answers(options, weights_path(model), len(names), images)
    write_smoke(examples, expected, log_folder)
    problems = find_serving_problems(report, expected, names, megabytes, limits)
    return make_result(problems, megabytes, report, largest_difference(report, expected))


def _test_files(examples: Artifact) -> list[str]:
    folder = artifact_utils.get_split_uri([examples], "test")
    return sorted(tf.io.gfile.glob(f"{folder}/*"))


def _megabytes(folder: str) -> float:
    """Returns the size of all files under a folder."""
    files = [
        os.path.join(place, name) for place, _, names in tf.io.gfile.walk(folder) for name in names
    ]
    return sum(tf.io.gfile.stat(file).length for file in files) / 1e6
