"""The section `beam`: where the Beam steps run, and the Beam options that follow from it."""

from typing import Literal

from pydantic import Field

from data.common.settings_base import SettingsBase

# The full name, and in memory: Beam's DirectRunner would first try to download Prism.
_IN_MEMORY = [
    "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner",
    "--direct_running_mode=in_memory",
]
# Without an image, TFX builds a package of itself for the workers before each step, which takes
# seconds and leaves 45 MB in the temporary folder. That package would lack this project anyway.
_NOTHING_TO_PACK = "--sdk_container_image=unused"


class DataflowSettings(SettingsBase):
    """The Dataflow workers; only jobs on Vertex can use Dataflow."""

    image: str | None = Field(None, description="Image of the workers; null: `vertex.image`.")
    machine_type: str = Field("n1-standard-4", description="Machine type of each worker.")
    max_workers: int = Field(4, ge=1, description="Maximum number of workers.")
    disk_gb: int = Field(50, ge=20, description="Disk size of each worker, in GB.")
    subnetwork: str | None = Field(None, description="URL of the subnetwork; null: the default.")


class BeamSettings(SettingsBase):
    """Where the Beam steps (ExampleGen, StatisticsGen, Transform, Evaluator) run."""

    runner: Literal["in_memory", "dataflow", "portable"] = Field(
        "in_memory",
        description="Beam runner: `in_memory` in the process of the step, `dataflow` on Google "
        "Cloud Dataflow (jobs on Vertex only), `portable` on the job service of Flink, Spark or "
        "another runner.",
    )
    pipeline_args: list[str] = Field([], description="More Beam options, each as `--name=value`.")
    dataflow: DataflowSettings = DataflowSettings()


def local_beam_args(settings: BeamSettings) -> list[str]:
    """Returns the Beam options for steps that read local files; Dataflow needs others."""
    runner = ["--runner=PortableRunner"] if settings.runner == "portable" else _IN_MEMORY
    return [*runner, _NOTHING_TO_PACK, *settings.pipeline_args]
