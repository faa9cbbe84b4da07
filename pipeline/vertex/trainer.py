"""The configuration of the Trainer's custom job on Vertex AI, which trains on a TPU or GPUs."""

from typing import Any

from tfx.extensions.google_cloud_ai_platform.constants import ENABLE_VERTEX_KEY, VERTEX_REGION_KEY
from tfx.extensions.google_cloud_ai_platform.trainer.executor import TRAINING_ARGS_KEY

from pipeline.settings.vertex import TRAINER, VertexSettings, custom_job_name

# TensorFlow Transform requires Keras 2.
KERAS_2 = {"name": "TF_USE_LEGACY_KERAS", "value": "1"}


def custom_job_config(name: str, vertex: VertexSettings) -> dict[str, Any]:
    """Returns the `custom_config` of TFX's executor that starts a CustomJob for a pipeline."""
    return {
        ENABLE_VERTEX_KEY: True,
        VERTEX_REGION_KEY: vertex.region,
        TRAINING_ARGS_KEY: {
            "project": vertex.project,
            "display_name": custom_job_name(name),
            "labels": vertex.labels,
            "job_spec": job_spec(vertex),
        },
    }


def job_spec(vertex: VertexSettings) -> dict[str, Any]:
    """Returns the CustomJobSpec, with the field names of `google.cloud.aiplatform_v1`.

    TFX sets the command of the container.
    """
    assert vertex.trainer is not None
    machine = {key: value for key, value in vertex.trainer.model_dump().items() if value}
    container = {"image_uri": vertex.images.get(TRAINER, vertex.image), "env": [KERAS_2]}
    pool = {"machine_spec": machine, "replica_count": 1, "container_spec": container}
    account = {"service_account": vertex.service_account} if vertex.service_account else {}
    network = {"network": vertex.network} if vertex.network else {}
    return {"worker_pool_specs": [pool], **account, **network}
