"""The Trainer as a custom job: on Vertex a machine with a TPU or GPUs is not the pipeline's own."""

from collections.abc import Callable
from typing import Any

from tfx.dsl.components.base.base_node import BaseNode
from tfx.extensions.google_cloud_ai_platform.constants import ENABLE_VERTEX_KEY, VERTEX_REGION_KEY
from tfx.extensions.google_cloud_ai_platform.trainer.component import Trainer
from tfx.extensions.google_cloud_ai_platform.trainer.executor import TRAINING_ARGS_KEY

from pipeline.settings.vertex import TrainerMachine, VertexSettings, custom_job_name

# TFX's TensorFlow Transform wants Keras 2.
KERAS_2 = {"name": "TF_USE_LEGACY_KERAS", "value": "1"}


def custom_job_trainer(name: str, vertex: VertexSettings) -> Callable[..., BaseNode]:
    """Returns what stands for TFX's Trainer: its twin that starts a CustomJob and waits for it.

    Args:
      name: of the pipeline.
      vertex: with a machine for the Trainer.
    """
    job = {
        ENABLE_VERTEX_KEY: True,
        VERTEX_REGION_KEY: vertex.region,
        TRAINING_ARGS_KEY: {
            "project": vertex.project,
            "display_name": custom_job_name(name),
            "labels": vertex.labels,
            "job_spec": job_spec(vertex),
        },
    }

    def make(*, custom_config: dict[str, Any], **given: Any) -> BaseNode:
        return Trainer(custom_config=custom_config | job, **given)

    return make


def job_spec(vertex: VertexSettings) -> dict[str, Any]:
    """Returns the CustomJobSpec, as `google.cloud.aiplatform_v1` names its fields.

    TFX sets the command of the container.
    """
    assert vertex.trainer is not None
    pool = {
        "machine_spec": machine_spec(vertex.trainer),
        "replica_count": 1,
        "container_spec": {
            "image_uri": vertex.images.get("Trainer", vertex.image),
            "env": [KERAS_2],
        },
    }
    account = {"service_account": vertex.service_account} if vertex.service_account else {}
    network = {"network": vertex.network} if vertex.network else {}
    return {"worker_pool_specs": [pool], **account, **network}


def machine_spec(machine: TrainerMachine) -> dict[str, Any]:
    """Returns the MachineSpec: without the fields that a kind of machine does not take."""
    return {key: value for key, value in machine.model_dump().items() if value}
