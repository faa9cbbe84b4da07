"""The data gate's component: stops a run on data that a model must not be trained on."""

from typing import Any, ClassVar

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.data_gate.executor import Executor


class DataGateSpec(ComponentSpec):
    """The inputs, the output and the parameters of the data gate."""

    PARAMETERS: ClassVar = {
        "max_bad_fraction": ExecutionParameter(type=float),
        "batch_size": ExecutionParameter(type=int),
        "replicas": ExecutionParameter(type=int),
        "few_examples": ExecutionParameter(type=int),
        "skew": ExecutionParameter(type=float),
        "drift": ExecutionParameter(type=str),
        "drift_min_images": ExecutionParameter(type=int),
        "spans": ExecutionParameter(type=int),
        "span_before": ExecutionParameter(type=str),
        "span_schema": ExecutionParameter(type=str),
        "code_fingerprint": ExecutionParameter(type=str),
    }
    INPUTS: ClassVar = {
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "quarantine": ChannelParameter(type=standard_artifacts.Examples),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS: ClassVar = {"report": ChannelParameter(type=standard_artifacts.ExampleAnomalies)}


class DataGate(BaseComponent):
    """Refuses data with anomalies, too many bad records, missing or new classes, or drift.

    It also refuses a train split that does not fill a batch.

    Outputs:
      report: `data_report.json`, see `components.data_gate.report.DataReport`.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(self, **inputs: Any):
        """Takes the inputs and parameters of DataGateSpec, all of them by name.

        `drift` is `ignore`, `warn` or `stop`. See `checks.py`, `balance.py` and `drift.py` for the
        other parameters.
        """
        report = types.Channel(type=standard_artifacts.ExampleAnomalies)
        super().__init__(DataGateSpec(**inputs, report=report))
