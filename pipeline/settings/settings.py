"""All settings of a run, section by section."""

from pydantic import Field

from components.gate.settings import GateSettings
from components.model_store.location import EndpointLocation
from components.predictions.settings import PredictionsSettings
from components.pusher.settings import PushSettings
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
from components.tuner.settings import TuneSettings
from data.common.settings_base import SettingsBase
from pipeline.settings.beam import BeamSettings
from pipeline.settings.data import DataSettings
from pipeline.settings.notify import NotifySettings
from pipeline.settings.vertex import VertexSettings


class TransformSettings(SettingsBase):
    """How images are preprocessed for the model."""

    image_size: int = Field(
        192, ge=32, le=1024, description="Side of the square images that the model gets, in pixels."
    )


class ServingSettings(SettingsBase):
    """The limits that the exported model must meet in the serving check."""

    max_latency_ms: float | None = Field(
        None, gt=0,
        description="Maximum 99th percentile of the latency of a request with one image, in "
        "milliseconds; null: no limit.",
    )  # fmt: skip
    max_megabytes: float | None = Field(
        None, gt=0, description="Maximum size of the exported model, in megabytes; null: no limit."
    )


class RetentionSettings(SettingsBase):
    """Which runs keep their artifacts after a scheduled run; by default all of them do."""

    runs: int | None = Field(
        None, ge=1, description="Keep the artifacts of the N newest finished runs; null: no limit."
    )
    days: float | None = Field(
        None, gt=0,
        description="Keep artifacts of runs that started in the last N days; null: no limit.",
    )  # fmt: skip

    @property
    def wanted(self) -> bool:
        """Whether any artifacts are removed at all."""
        return self.runs is not None or self.days is not None


class Settings(SettingsBase):
    """Everything that a run depends on, apart from its root."""

    name: str = Field(
        "flowers",
        pattern=r"^[a-z][a-z0-9-]*$",
        description="Name of the pipeline: lower-case letters, digits and hyphens.",
    )
    data: DataSettings = DataSettings()
    transform: TransformSettings = TransformSettings()
    model: ModelSettings = ModelSettings()
    trainer: TrainerSettings = TrainerSettings()
    predictions: PredictionsSettings = PredictionsSettings()
    gate: GateSettings = GateSettings()
    serving: ServingSettings = ServingSettings()
    push: PushSettings = PushSettings()
    beam: BeamSettings = BeamSettings()
    notify: NotifySettings = NotifySettings()
    retention: RetentionSettings = RetentionSettings()
    tune: TuneSettings = TuneSettings()
    vertex: VertexSettings = VertexSettings()

    @property
    def endpoint(self) -> EndpointLocation:
        """The location of the pipeline's endpoint on Vertex, whether or not it exists yet."""
        name = self.push.endpoint.name or self.name
        return EndpointLocation(self.vertex.project, self.vertex.region, name)

    def training_settings(self) -> TrainingSettings:
        """Returns the settings that are passed to the Trainer."""
        return TrainingSettings(
            image_size=self.transform.image_size, model=self.model, trainer=self.trainer
        )
