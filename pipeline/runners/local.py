"""Runs a pipeline on this machine step by step, and notifies an observer of each step."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import Artifact

from pipeline.runners.beam_speed import faster_beam


class StepObserver(Protocol):
    """Receives the events of a run."""

    def step_started(self, name: str) -> None:
        """A step starts."""

    def step_finished(
        self, name: str, seconds: float, cached: bool, outputs: Mapping[str, Sequence[Artifact]]
    ) -> None:
        """A step succeeded or was cached."""

    def step_failed(self, name: str, seconds: float, error: Exception) -> None:
        """A step raised an error, which ends the run."""


class ObservedDagRunner(LocalDagRunner):
    """TFX's LocalDagRunner with hooks around each node, which TFX does not offer."""

    def __init__(
        self,
        run_id: str,
        observer: StepObserver,
        *,
        uncached: Collection[str] = (),
        until: str | None = None,
    ):
        """Configures a run.

        Args:
          run_id: The pipeline run id of TFX.
          observer: The observer.
          uncached: The steps that are not taken from the cache.
          until: The last step to run; None for all.
        """
        super().__init__()
        self._run_id = run_id
        self._observer = observer
        self._uncached = uncached
        self._until = until

    def run_with_ir(
        self, pipeline: pipeline_pb2.Pipeline, run_options: pipeline_pb2.RunOptions | None = None
    ) -> None:
        """Launches the nodes in topological order, as the base class does.

        Raises:
          Exception: The error of a step, unchanged.
        """
        if run_options is not None:
            raise NotImplementedError("partial runs")
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: self._run_id}
        )
        _look_up_in_this_run(pipeline)
        deployment = runner_utils.extract_local_deployment_config(pipeline)
        _fail_dead_executions(_connection(deployment))
        with faster_beam():
            for node in pipeline.nodes:
                self._run_node(pipeline, node.pipeline_node, deployment)
                if node.pipeline_node.node_info.id == self._until:
                    break

    def _run_node(self, pipeline: Any, node: Any, deployment: Any) -> None:
        name = node.node_info.id
        connection = _connection(deployment)
        if name in self._uncached:
            node.execution_options.caching_options.enable_cache = False
        node_launcher = launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(connection),
            pipeline_info=pipeline.pipeline_info,
            pipeline_runtime_spec=pipeline.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(deployment, name),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
        )
        self._observer.step_started(name)
        started = time.perf_counter()
        try:
            execution = node_launcher.launch()
        except Exception as error:
            self._observer.step_failed(name, time.perf_counter() - started, error)
            raise
        seconds = time.perf_counter() - started
        with metadata.Metadata(connection) as store:
            cached = _is_cached(store, execution.execution_id)
            outputs = execution_lib.get_output_artifacts(store, execution.execution_id)
        self._observer.step_finished(name, seconds, cached, outputs)


def _look_up_in_this_run(pipeline: pipeline_pb2.Pipeline) -> None:
    """Drops the queries for what the run already implies, from the look-up of each input.

    TFX reads all executions of each context that it looks in. The pipeline's context
    has those of all earlier runs, twelve for each.
    """
    for node in pipeline.nodes:
        for inputs in node.pipeline_node.inputs.inputs.values():
            for channel in inputs.channels:
                queries = {query.type.name: query for query in channel.context_queries}
                if constants.PIPELINE_RUN_CONTEXT_TYPE_NAME in queries:
                    channel.context_queries.remove(queries[constants.PIPELINE_CONTEXT_TYPE_NAME])


def _connection(deployment: Any) -> Any:
    config = deployment.metadata_connection_config
    return getattr(config, config.WhichOneof("connection_config"))


def _fail_dead_executions(connection: Any) -> None:
    """Marks executions of killed processes as failed; in ML Metadata they stay running forever."""
    running = metadata_store_pb2.Execution.RUNNING
    with metadata.Metadata(connection) as store:
        dead = [e for e in store.store.get_executions() if e.last_known_state == running]
        for execution in dead:
            execution.last_known_state = metadata_store_pb2.Execution.FAILED
        if dead:
            store.store.put_executions(dead)


def _is_cached(store: metadata.Metadata, execution_id: int) -> bool:
    (execution,) = store.store.get_executions_by_id([execution_id])
    return bool(execution.last_known_state == metadata_store_pb2.Execution.CACHED)
