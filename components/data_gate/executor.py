"""What the data gate runs: checks the data, and writes a report or refuses the data."""

import logging
from typing import Any

from tfx import types
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils

from components.artifacts import SCHEMA_FILE, read_counts, read_schema
from components.data_gate.balance import class_balance, describe_small_test
from components.data_gate.checks import find_data_problems, find_small_train
from components.data_gate.drift import find_drift
from components.data_gate.report import DataReport, Drift, write_report
from components.example_validator.anomalies import read_anomalies
from components.history_files import history_folder, refuse_data
from components.statistics_gen.counts import count_examples
from data.ingestion_counts import check_examples
from data.schema import class_names

IGNORE, STOP = "ignore", "stop"
_ADVICE = "to train on this data anyway: --set data.drift=warn"
_DRIFT = "drift since the previous span:"


class Executor(BaseExecutor):
    """Refuses data that a model must not be trained on."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the report to the output artifact; of refused data, to the run's history.

        Raises:
          CountMismatch: StatisticsGen saw other examples than ExampleGen wrote.
          DataRefused: The report lists problems.
        """
        inputs = {key: artifact_utils.get_single_instance(input_dict[key]) for key in input_dict}
        report = _check(inputs, exec_properties)
        uri = artifact_utils.get_single_uri(output_dict["report"])
        if report.problems:
            # TFX deletes the outputs of a step that fails.
            folder = history_folder(uri, self._context.pipeline_run_id)
            write_report(report, folder)
            refuse_data(report.problems, "DataGate", folder)
        write_report(report, uri)


def _check(inputs: dict[str, types.Artifact], parameters: dict[str, Any]) -> DataReport:
    counts = read_counts(inputs["quarantine"].uri)
    # TFX's own step cannot check itself.
    check_examples("StatisticsGen", count_examples(inputs["statistics"]), counts.by_split())
    drift = _find_drift(inputs["quarantine"].uri, parameters)
    problems = find_data_problems(
        read_anomalies(inputs["anomalies"]),
        counts,
        class_names(read_schema(inputs["schema"].uri, SCHEMA_FILE)),
        parameters["max_bad_fraction"],
        parameters["spans"],
    )
    batch = (parameters[name] for name in ("batch_size", "replicas", "spans"))
    problems += find_small_train(counts, *batch)
    if drift.exceeded and parameters["drift"] == STOP:
        problems += [_DRIFT, *drift.exceeded, _ADVICE]
    balance = class_balance(counts, parameters["few_examples"], parameters["skew"])
    return DataReport(problems, drift, balance, describe_small_test(counts))


def _find_drift(quarantine: str, parameters: dict[str, Any]) -> Drift:
    if parameters["drift"] == IGNORE:
        return Drift()
    names = ("span_before", "span_schema", "drift_min_images")
    drift = find_drift(quarantine, *(parameters[name] for name in names))
    for line in drift.exceeded:
        logging.warning("%s %s", _DRIFT, line)
    return drift
