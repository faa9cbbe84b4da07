"""The options of Beam for work on Google Cloud."""

from pipeline.settings.beam import local_beam_args
from pipeline.settings.settings import Settings


def beam_args(settings: Settings, root: str) -> list[str]:
    """Returns Beam's options; with Dataflow a step starts a job there and waits for it.

    Args:
      settings: The settings.
      root: A folder on gs:// for temporary files of Dataflow.
    """
    if settings.beam.runner != "dataflow":
        return local_beam_args(settings.beam)
    vertex, workers = settings.vertex, settings.beam.dataflow
    return [
        "--runner=DataflowRunner",
        f"--project={vertex.project}",
        f"--region={vertex.region}",
        f"--temp_location={root}/dataflow",
        # Workers use the image of the steps, so that they need not install anything at start.
        f"--sdk_container_image={workers.image or vertex.image}",
        "--sdk_location=container",
        f"--worker_machine_type={workers.machine_type}",
        f"--max_num_workers={workers.max_workers}",
        f"--disk_size_gb={workers.disk_gb}",
        *([f"--subnetwork={workers.subnetwork}"] if workers.subnetwork else []),
        *([f"--service_account_email={vertex.service_account}"] if vertex.service_account else []),
        *(f"--labels={key}={value}" for key, value in sorted(vertex.labels.items())),
        *settings.beam.pipeline_args,
    ]
