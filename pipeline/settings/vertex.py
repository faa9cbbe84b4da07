"""The settings `vertex`: where the pipeline runs on Google Cloud, and on what."""

from pydantic import Field

from components.region import Region
from data.common.settings_base import SettingsBase

# The step that may run as a custom job.
TRAINER = "Trainer"


class TrainerMachine(SettingsBase):
    """The machine of the Trainer's custom job.

    A TPU v2 or v3 is `cloud-tpu` with an accelerator; a v5e is `ct5lp-hightpu-1t`, `-4t` or `-8t`
    with a topology and no accelerator; GPUs are an accelerator on a machine that takes them.
    """

    machine_type: str
    accelerator_type: str | None = None
    accelerator_count: int = Field(0, ge=0)
    tpu_topology: str | None = Field(None, description="chips, as 2x4")


class Resources(SettingsBase):
    """What a step gets that runs in the pipeline's own task."""

    cpu: int = Field(4, ge=1, description="cores")
    memory_gb: int = Field(16, ge=1)


class AlertSettings(SettingsBase):
    """Who is told how a job ended."""

    webhook: str | None = Field(None, description="https://..., which takes JSON")
    topic: str | None = Field(None, description="projects/PROJECT/topics/NAME")


class VertexSettings(SettingsBase):
    """Where and on what the pipeline runs on Vertex AI Pipelines."""

    project: str = ""
    region: str = "us-central1"
    root: str = Field("", description="gs://BUCKET/FOLDER of artifacts and served models")
    service_account: str | None = None
    network: str | None = Field(None, description="projects/NUMBER/global/networks/NAME")
    labels: dict[str, str] = Field({}, description="of the job")
    image: str = Field("", description="of all steps, with a tag or digest")
    images: dict[str, str] = Field({}, description="of single steps, by name")
    resources: dict[str, Resources] = Field({}, description="of single steps, by name")
    trainer: TrainerMachine | None = Field(
        None, description="of a custom job; null: the Trainer runs in the pipeline's own task"
    )
    alerts: AlertSettings = AlertSettings()

    @property
    def where(self) -> Region:
        """Project and region, as Google's clients take them."""
        return Region(self.project, self.region)


def custom_job_name(pipeline: str) -> str:
    """Returns the display name of the Trainer's custom job."""
    return f"{pipeline}-trainer"
