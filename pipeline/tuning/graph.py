"""The pipeline of `flowers tune`: the steps of a run before the Trainer, and the Tuner."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.orchestration.pipeline import Pipeline

from components.tuner.component import Tuner
from components.tuner.executor import TunerExecutor
from components.tuner.settings import TuneSettings
from pipeline.graph import data_steps, pipeline_of
from pipeline.root_files import TUNE_FOLDER
from pipeline.run_context import RunContext
from pipeline.settings.settings import Settings
from pipeline.steps import step_fingerprints


@dataclass(frozen=True)
class SearchContext:
    """What a search depends on besides the settings and the context of a run.

    Attributes:
      tune: The settings of the search, with a space.
      config: The config that it changes, for `tuned.yaml`.
      data: The records, for people.
      command: The command that searches, for people.
      code: See `pipeline.steps.tuner_fingerprint`.
      executor: The executor that searches, or that starts a job for it.
      executor_config: Further entries of the Tuner's `custom_config`, for that executor.
    """

    tune: TuneSettings
    config: Mapping[str, Any]
    data: str
    command: str
    code: str
    executor: type[BaseExecutor] = TunerExecutor
    executor_config: Mapping[str, Any] = field(default_factory=dict)


def create_tuning_pipeline(
    settings: Settings, context: RunContext, search: SearchContext
) -> Pipeline:
    """Returns the pipeline, for any runner of TFX; it shares TFX's cache with the runs."""
    code = step_fingerprints(settings.model.name, context.libraries)
    data = data_steps(settings, context, code)
    tuner = Tuner(
        **data.for_training,
        executor=search.executor,
        custom_config={
            **search.executor_config,
            "settings": settings.training_settings().model_dump(mode="json"),
            "tune": search.tune.model_dump(mode="json"),
            "folder": f"{context.root}/{TUNE_FOLDER}",
            "warm_start": context.warm_start.model_dump() if context.warm_start else {},
            "weights_digest": context.weights_digest,
            "code_fingerprint": search.code,
            "config": search.config,
            "data": search.data,
            "command": search.command,
        },
    )
    return pipeline_of([*data, tuner], settings, context)
