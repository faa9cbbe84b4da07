"""All settings of a run, section by section."""

from pydantic import Field

from components.gate.settings import GateSettings
from components.model_store.location import EndpointLocation
from components.pusher.settings import PushSettings
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
from data.common.settings_base import SettingsBase
from pipeline.settings.beam import BeamSettings
from pipeline.settings.data import DataSettings
from pipeline.settings.notify import NotifySettings
from pipeline.settings.retention import RetentionSettings
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
    gate: GateSettings = GateSettings()
    serving: ServingSettings = ServingSettings()
    push: PushSettings = PushSettings()
    beam: BeamSettings = BeamSettings()
    notify: NotifySettings = NotifySettings()
    retention: RetentionSettings = RetentionSettings()
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
