"""`flowers vertex compile --tune`: the job of a search, which has no report."""

from dataclasses import replace
from functools import partial
from typing import Any

from tfx.extensions.google_cloud_ai_platform.trainer.executor import TRAINING_ARGS_KEY
from tfx.orchestration.data_types import RuntimeParameter

from components.tuner.executor import TunerExecutor
from components.tuner.vertex_executor import TunerJobExecutor
from pipeline.compat import image_python
from pipeline.fingerprint import locked_version
from pipeline.settings.settings import Settings
from pipeline.settings.vertex import VertexSettings
from pipeline.steps import tuner_fingerprint
from pipeline.tuning.graph import SearchContext, create_tuning_pipeline
from pipeline.tuning.request import config_of, networks, search_settings
from pipeline.vertex.compile import compile_pipeline, run_context
from pipeline.vertex.machines import is_tpu
from pipeline.vertex.trainer import custom_job_config

_DATA_ROOT = "data_root"
# Left out of the config that the search writes: their addresses may be secrets.
_SECRET: Any = {"notify": True, "vertex": {"alerts": True}}


def compile_search(settings: Settings) -> dict[str, Any]:
    """Returns the PipelineJob of a search as JSON values.

    With `vertex.trainer`, all trials run in a custom job on its machine.

    Raises:
      UsageError: A setting in the space cannot be tried, or several workers train.
    """
    tune, vertex = search_settings(settings), settings.vertex
    parameter = RuntimeParameter(_DATA_ROOT, ptype=str)
    context = replace(run_context(settings), runtime_parameters={_DATA_ROOT: parameter})
    python = image_python(vertex.trainer is not None and is_tpu(vertex.trainer))
    search = SearchContext(
        tune=tune,
        config=config_of(settings, _SECRET),
        data=str(context.source),
        command="flowers vertex compile --tune",
        code=tuner_fingerprint(networks(settings, tune), partial(locked_version, python=python)),
        executor=TunerJobExecutor if vertex.trainer else TunerExecutor,
        executor_config=_custom_job(settings.name, vertex) if vertex.trainer else {},
    )
    pipeline = create_tuning_pipeline(settings, context, search)
    return compile_pipeline(pipeline, settings, {_DATA_ROOT: context.source.base})


def _custom_job(name: str, vertex: VertexSettings) -> dict[str, Any]:
    config = custom_job_config(name, vertex)
    job = {**config[TRAINING_ARGS_KEY], "display_name": f"{name}-tuner"}
    return {**config, TRAINING_ARGS_KEY: job}
