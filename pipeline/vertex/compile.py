"""`flowers vertex compile`: compiles the pipeline to a job of Vertex AI Pipelines, offline.

TFX's compiler makes the job, in schema 2.1 of the pipeline spec: in 2.0 the span that ExampleGen's
driver finds never reaches the executor. This module adds what that compiler leaves out: the
machines of the steps, Keras 2, the gate's driver, and the runtime parameters of the steps. An exit
handler makes the report of the job.
"""

import json
from dataclasses import replace
from typing import Any

from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.orchestration.kubeflow.utils import TFX_DAG_NAME
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.kubeflow.v2.pipeline_builder import DEFAULT_IMAGE_PATH_KEY
from tfx.orchestration.pipeline import Pipeline
from tfx.utils import proto_utils

from components.gate import driver as gate_driver
from components.gate.executor import UNKNOWN
from components.model_store.base import ServedVersion
from components.trainer.executor import TrainerExecutor
from components.trainer.vertex_executor import CustomJobExecutor
from data.sources import Source, parse
from pipeline.graph import TRAIN_ARGS, create_pipeline
from pipeline.run_context import RunContext
from pipeline.settings.settings import Settings
from pipeline.settings.vertex import TRAINER, VertexSettings
from pipeline.vertex.dataflow import beam_args
from pipeline.vertex.exit_handler import Report
from pipeline.vertex.image_libraries import image_libraries
from pipeline.vertex.job_facts import facts_of
from pipeline.vertex.trainer import KERAS_2, custom_job_config

# Runtime parameters and their types. Vertex AI has no defaults, so a job sets all of them.
PARAMETERS = {"data_root": str, "target": float, "train_args": str}


def compile_job(settings: Settings) -> dict[str, Any]:
    """Returns a PipelineJob as JSON values, which depend only on settings and code."""
    machine, context = settings.vertex.trainer, run_context(settings)
    context = replace(
        context,
        runtime_parameters={
            name: RuntimeParameter(name, ptype=ptype) for name, ptype in PARAMETERS.items()
        },
        trainer_executor=CustomJobExecutor if machine else TrainerExecutor,
        trainer_config=custom_job_config(settings.name, settings.vertex) if machine else {},
    )
    values = {
        "data_root": context.source.base,
        "target": settings.gate.target,
        "train_args": proto_utils.proto_to_json(TRAIN_ARGS),
    }
    handler = _exit_handler(settings, context.source, context.root)
    job = compile_pipeline(create_pipeline(settings, context), settings, values, handler)
    _pass_parameters(job["pipelineSpec"])
    return job


def run_context(settings: Settings) -> RunContext:
    """Returns the context of a job on Vertex AI, without runtime parameters."""
    root = settings.vertex.root.rstrip("/")
    endpoint = settings.endpoint.url if settings.push.to == "vertex-endpoint" else ""
    return RunContext(
        source=parse(settings.data.source, settings.data.public_size),
        classes=settings.data.classes or [],
        split_salt=settings.data.split_salt or "",
        data_fingerprint="",
        root=root,
        baseline=ServedVersion(UNKNOWN, endpoint or f"{root}/serving"),
        endpoint=endpoint,
        extra=parse(settings.gate.extra_data) if settings.gate.extra_data else None,
        libraries=image_libraries(settings.vertex),
        beam_args=beam_args(settings, root),
    )


def compile_pipeline(
    pipeline: Pipeline,
    settings: Settings,
    parameters: dict[str, Any],
    exit_handler: BaseNode | None = None,
) -> dict[str, Any]:
    """Returns the job of a pipeline, with the values of its runtime parameters."""
    config = KubeflowV2DagRunnerConfig(
        default_image=_images(settings.vertex), use_pipeline_spec_2_1=True
    )
    runner = KubeflowV2DagRunner(config)
    if exit_handler:
        runner.set_exit_handler(exit_handler)
    job: dict[str, Any] = runner.run(pipeline, parameters, write_out=False)
    job["labels"] |= settings.vertex.labels
    for name, executor in job["pipelineSpec"]["deploymentSpec"]["executors"].items():
        _complete_container(name.removesuffix("_executor"), executor["container"], settings.vertex)
    return job


def _exit_handler(settings: Settings, source: Source, root: str) -> BaseNode:
    alerts = settings.vertex.alerts
    handler: BaseNode = Report(
        final_status=FinalStatusStr(), root=root,
        facts=facts_of(settings, source.patterns).model_dump_json(),
        webhook=alerts.webhook or "", topic=alerts.topic or "",
    )  # fmt: skip
    return handler


def _pass_parameters(spec: dict[str, Any]) -> None:
    """Passes the runtime parameters to the DAG of the steps, which TFX's compiler leaves out.

    A task reads the inputs of the DAG that it belongs to. With an exit handler, the steps are in a
    DAG inside that of the job.
    """
    declared = spec["root"]["inputDefinitions"]
    spec["components"][TFX_DAG_NAME]["inputDefinitions"] = declared
    spec["root"]["dag"]["tasks"][TFX_DAG_NAME]["inputs"] = {
        "parameters": {name: {"componentInputParameter": name} for name in declared["parameters"]}
    }


def as_text(job: dict[str, Any]) -> str:
    """Returns the job as JSON with sorted keys."""
    return json.dumps(job, indent=2, sort_keys=True) + "\n"


def _images(vertex: VertexSettings) -> dict[str, str]:
    """Returns the image of each step, except the custom job's, which belongs to its own spec."""
    images = {DEFAULT_IMAGE_PATH_KEY: vertex.image, **vertex.images}
    if vertex.trainer:
        images.pop(TRAINER, None)
    return images


def _complete_container(step: str, container: dict[str, Any], vertex: VertexSettings) -> None:
    """Adds environment, resources and the gate's driver, which TFX's compiler does not support."""
    container["env"] = [KERAS_2]
    if step in vertex.resources:
        resources = vertex.resources[step]
        container["resources"] = {"cpuLimit": resources.cpu, "memoryLimit": resources.memory_gb}
    if step == "Gate":
        command = ["python", "-m", gate_driver.__name__]
        container["lifecycle"] = {"preCacheCheck": {"command": command, "args": ["{{$}}"]}}
