"""Where a run of the pipeline reads and writes, whichever runner runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.orchestration.data_types import RuntimeParameter

from components.model_store.base import ServedVersion
from components.trainer.executor import TrainerExecutor
from components.trainer.settings import WarmStart
from data.sources import Source
from pipeline.root_files import SERVING_FOLDER


@dataclass(frozen=True)
class RunContext:
    """Where a run reads and writes, and what identifies it.

    Attributes:
      source: The record files; a compiled job chooses its spans when it runs.
      classes: The classes in the order of their ids.
      split_salt: The salt of the assignment of images to splits.
      data_fingerprint: The fingerprint of the records; empty if they cannot be read beforehand.
      root: The folder of the artifacts and the served models.
      baseline: The model to compare with.
      libraries: The libraries of each step where it will run, see `pipeline.steps`.
      span_before: The quarantine of the run that read the previous span, for drift; empty if there
        is none.
      extra: The record files of `gate.extra_data`; None if there is none.
      extra_fingerprint: The fingerprint of their content; empty if they cannot be read beforehand.
      beam_args: Options of Beam, see `pipeline.settings.beam`.
      weights_digest: The digest of the file of `model.weights`, so that an edited file retrains. A
        compiled job has none, so there another file needs another name.
      warm_start: The model whose weights the training starts from; None for a cold start.
      metadata_path: The SQLite file of ML Metadata; empty if the runner has its own.
      replicas: The number of replicas that the data gate assumes; 1 in a compiled job, which cannot
        see the devices.
      run_id: The run id. It keeps Pusher out of the cache, so that Pusher always looks at the
        serving model.
      trainer_executor: The executor that trains, or that starts a job for it.
      trainer_config: Further entries of the Trainer's `custom_config`, for that executor.
      runtime_parameters: Values that are known only when a compiled job is submitted: `data_root`,
        `target` and `train_args`.
      endpoint: The URL of an endpoint of Vertex AI; empty to serve from a folder.
    """

    source: Source
    classes: Sequence[str]
    split_salt: str
    data_fingerprint: str
    root: str
    baseline: ServedVersion
    libraries: Mapping[str, str]
    span_before: str = ""
    extra: Source | None = None
    extra_fingerprint: str = ""
    beam_args: Sequence[str] = ()
    weights_digest: str = ""
    warm_start: WarmStart | None = None
    metadata_path: str = ""
    replicas: int = 1
    run_id: str = ""
    trainer_executor: type[BaseExecutor] = TrainerExecutor
    trainer_config: Mapping[str, Any] = field(default_factory=dict)
    runtime_parameters: Mapping[str, RuntimeParameter] = field(default_factory=dict)
    endpoint: str = ""

    @property
    def serves_from(self) -> str:
        """Where a model that passed is pushed: the endpoint if there is one, else a folder."""
        return self.endpoint or f"{self.root}/{SERVING_FOLDER}"
