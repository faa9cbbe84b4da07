"""`flowers predict-batch`: classifies many images through Beam, shard by shard."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from components.model_store.base import model_digest
from data.common.background import running_beside
from data.common.errors import DataRefused, UsageError
from data.common.progress import progress
from pipeline.batch_prediction.inputs import find_files, make_shards
from pipeline.batch_prediction.plan import Format, Plan, digest_inputs, keep_plan
from pipeline.batch_prediction.progress import watch_shards
from pipeline.batch_prediction.results import Summary, summarize
from pipeline.settings.settings import Settings
from pipeline.vertex.dataflow import beam_args


@dataclass(frozen=True)
class BatchRequest:
    """What the user asks for.

    Attributes:
      pattern: The inputs, see `find_files`.
      prefix: The start of the paths of the results, local or on gs://.
      model: The folder of the SavedModel.
      model_name: The model, as the user would name it.
      form: The format of the results.
      shard_images: The number of image files in a shard.
      settings: The settings, of which `beam` counts, and `vertex` with Dataflow.
    """

    pattern: str
    prefix: str
    model: str
    model_name: str
    form: Format
    shard_images: int
    settings: Settings


@dataclass(frozen=True)
class BatchPrediction:
    """A finished batch prediction.

    Attributes:
      summary: What it found.
      outputs: The paths of the results.
      errors: The path of the list of inputs without a prediction.
    """

    summary: Summary
    outputs: Sequence[str]
    errors: str


def predict_batch(request: BatchRequest) -> BatchPrediction:
    """Classifies images; shards whose results are there are not classified again.

    Raises:
      UsageError: There are no inputs, the prefix has the results of another prediction, or Dataflow
        cannot reach a path.
      DataRefused: No input has a prediction.
    """
    _check_prefix(request)
    _check_remote(request)
    files = find_files(request.pattern)
    shards = make_shards(files, request.shard_images)
    digest = model_digest(request.model)
    plan = Plan(
        model=request.model_name, digest=digest, format=request.form,
        inputs=digest_inputs(files), shards=len(shards),
    )  # fmt: skip
    keep_plan(plan, request.prefix)
    missing = plan.missing(request.prefix)
    _log_plan(request, len(files), plan, missing)
    if missing:
        # It imports TensorFlow and Beam.
        from pipeline.batch_prediction.beam_job import run_job

        with running_beside(partial(watch_shards, plan, request.prefix, len(missing))):
            args = beam_args(request.settings, request.settings.vertex.root)
            work = [(number, shards[number]) for number in missing]
            run_job(plan, work, request.model, request.prefix, args)
    outputs, errors = plan.outputs(request.prefix), f"{request.prefix}.errors.jsonl"
    summary = summarize(outputs, request.form, errors)
    if summary.errors == summary.images:
        raise DataRefused(
            f"none of the {summary.images} images of {request.pattern} has a prediction; the "
            f"reasons are in {errors}"
        )
    return BatchPrediction(summary, outputs, errors)


def _check_prefix(request: BatchRequest) -> None:
    """Raises a UsageError for a prefix that names no files, or that is among the inputs."""
    if request.prefix.endswith("/"):
        raise UsageError(
            f"--out must end with the start of a file name, such as {request.prefix}p; got "
            f"{request.prefix}"
        )
    folder = Path(os.path.abspath(request.prefix)).parent
    if "://" not in request.prefix and folder.is_relative_to(os.path.abspath(request.pattern)):
        raise UsageError(
            f"--out: {request.prefix} is inside PATTERN, where its results would be taken for "
            "images; choose a prefix outside of it"
        )


def _check_remote(request: BatchRequest) -> None:
    """Raises a UsageError for what Dataflow cannot use: paths of this machine, missing settings."""
    if request.settings.beam.runner != "dataflow":
        return
    vertex = request.settings.vertex
    paths = {"PATTERN": request.pattern, "--out": request.prefix, "--model": request.model}
    local = [name for name, path in paths.items() if not path.startswith("gs://")]
    if local:
        raise UsageError(
            "beam.runner is dataflow, whose workers read and write only gs://; on this machine: "
            f"{', '.join(local)}"
        )
    image = request.settings.beam.dataflow.image or vertex.image
    values = {"vertex.project": vertex.project, "vertex.root": vertex.root, "vertex.image": image}
    if unset := [key for key, value in values.items() if not value]:
        raise UsageError(f"beam.runner is dataflow, which needs {' and '.join(unset)}; see --set")


def _log_plan(request: BatchRequest, files: int, plan: Plan, missing: Sequence[int]) -> None:
    progress.info("%d files in %d shards, with %s", files, plan.shards, request.model_name)
    done = plan.shards - len(missing)
    if done:
        progress.info("%d shards are there already", done)
