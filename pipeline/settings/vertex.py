"""The section `vertex`: where and on which machines the pipeline runs on Google Cloud."""

from pydantic import Field

from components.region import Region
from data.common.settings_base import SettingsBase

# The step that can run as a custom job.
TRAINER = "Trainer"


class TrainerMachine(SettingsBase):
    """The machine of the Trainer's custom job.

    A TPU v2 or v3 is `cloud-tpu` with an accelerator; a v5e is `ct5lp-hightpu-1t`, `-4t` or `-8t`
    with a topology and no accelerator; a GPU is an accelerator on a machine that supports it.
    """

    machine_type: str = Field(
        description="Machine type, such as `cloud-tpu`, `ct5lp-hightpu-1t` or `g2-standard-8`."
    )
    accelerator_type: str | None = Field(
        None, description="Accelerator, such as `TPU_V3` or `NVIDIA_L4`; null: no accelerator."
    )
    accelerator_count: int = Field(
        0, ge=0, description="Number of accelerators, or of TPU cores for TPU v2 and v3."
    )
    tpu_topology: str | None = Field(
        None, description="Topology of a TPU v5e, such as `2x4`; null for any other machine."
    )


class Resources(SettingsBase):
    """The resources of a step that runs as a task of the pipeline."""

    cpu: int = Field(4, ge=1, description="Number of CPU cores.")
    memory_gb: int = Field(16, ge=1, description="Memory, in GB.")


class AlertSettings(SettingsBase):
    """Who is notified when a job ends."""

    webhook: str | None = Field(
        None, description="URL (https) to which the result is posted as JSON; null: no webhook."
    )
    topic: str | None = Field(
        None, description="Pub/Sub topic, as `projects/PROJECT/topics/NAME`; null: no topic."
    )


class VertexSettings(SettingsBase):
    """Where and on which machines the pipeline runs on Vertex AI Pipelines."""

    project: str = Field("", description="Id of the Google Cloud project; required on Vertex.")
    region: str = Field("us-central1", description="Google Cloud region of the job.")
    root: str = Field(
        "", description="Folder of all outputs, as `gs://BUCKET/FOLDER`; required on Vertex."
    )
    service_account: str | None = Field(
        None, description="Email address of the job's service account; null: the default account."
    )
    network: str | None = Field(
        None, description="VPC to peer with, as `projects/NUMBER/global/networks/NAME`; null: none."
    )
    labels: dict[str, str] = Field({}, description="Labels of the job and its custom job.")
    image: str = Field(
        "", description="Container image of all steps, with a tag or digest; required on Vertex."
    )
    images: dict[str, str] = Field(
        {}, description="Container images of single steps, by step name, instead of `image`."
    )
    resources: dict[str, Resources] = Field(
        {}, description="CPU cores and memory of single steps, by step name."
    )
    trainer: TrainerMachine | None = Field(
        None, description="Machine of the Trainer's custom job; null: it runs as a plain task."
    )
    alerts: AlertSettings = AlertSettings()

    @property
    def where(self) -> Region:
        """The project and region of the job, for Google's clients."""
        return Region(self.project, self.region)


def custom_job_name(pipeline: str) -> str:
    """Returns the display name of the Trainer's custom job."""
    return f"{pipeline}-trainer"
