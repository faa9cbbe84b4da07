"""Artifacts as Vertex AI describes them, turned into TFX's own types, which the steps read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from pipeline.vertex.rehearsal.job import Json

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import PipelineJob, PipelineTaskDetail


def tfx_artifacts(outputs: Mapping[str, Json]) -> Any:
    """Returns lists of TFX's artifacts by key, for a RuntimeArtifact as JSON by key."""
    # It imports TFX.
    from kfp.pipeline_spec.pipeline_spec_pb2 import ExecutorInput
    from tfx.orchestration.kubeflow.v2.container.kubeflow_v2_entrypoint_utils import (
        parse_raw_artifact_dict,
    )

    artifacts = {key: {"artifacts": [artifact]} for key, artifact in outputs.items()}
    message = json_format.ParseDict({"artifacts": artifacts}, ExecutorInput.Inputs())
    return parse_raw_artifact_dict(message.artifacts)


def outputs_of(job: "PipelineJob", task: "PipelineTaskDetail") -> dict[str, Json]:
    """Returns the outputs of a task of a job by key, as RuntimeArtifacts in JSON.

    Their types are those that the job declares.
    """
    spec = json_format.MessageToDict(type(job).pb(job).pipeline_spec)
    declared = spec["components"][task.task_name]["outputDefinitions"]["artifacts"]
    found = {key: output.artifacts[0] for key, output in task.outputs.items() if output.artifacts}
    return {
        key: {
            "name": artifact.name,
            "uri": artifact.uri,
            "type": declared[key]["artifactType"],
            "metadata": json_format.MessageToDict(type(artifact).pb(artifact).metadata),
        }
        for key, artifact in found.items()
    }
