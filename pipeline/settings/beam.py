"""Where the Beam steps run: the settings `beam`, and Beam's options that they stand for."""

from typing import Literal

from pydantic import Field

from data.common.settings_base import SettingsBase

# Named in full, and in memory: Beam's DirectRunner would first try to download Prism.
_IN_MEMORY = [
    "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner",
    "--direct_running_mode=in_memory",
]
# Where no image is named, TFX packs itself for the workers before each step: seconds, and 45 MB in
# the temporary folder for good. Workers need this project too, which it would not pack.
_NOTHING_TO_PACK = "--sdk_container_image=unused"


class DataflowSettings(SettingsBase):
    """The workers of Dataflow, on which the Beam steps of a job on Vertex may run."""

    image: str | None = Field(None, description="of the workers; null: vertex.image")
    machine_type: str = "n1-standard-4"
    max_workers: int = Field(4, ge=1)
    disk_gb: int = Field(50, ge=20, description="of each worker")
    subnetwork: str | None = Field(None, description="URL of a subnetwork; null: the default one")


class BeamSettings(SettingsBase):
    """Where the Beam steps run."""

    runner: Literal["in_memory", "dataflow", "portable"] = Field(
        "in_memory", description="portable: a job service of Flink, Spark or another"
    )
    pipeline_args: list[str] = Field([], description="more of Beam's own options, as --name=value")
    dataflow: DataflowSettings = DataflowSettings()


def local_beam_args(settings: BeamSettings) -> list[str]:
    """Returns Beam's options for a run of this machine; not for Dataflow, which reads buckets."""
    runner = ["--runner=PortableRunner"] if settings.runner == "portable" else _IN_MEMORY
    return [*runner, _NOTHING_TO_PACK, *settings.pipeline_args]
