"""The data gate's executor on small artifacts, locally and as on Vertex AI."""

import json
from types import SimpleNamespace

import pytest
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import SCHEMA_FILE, write_bytes, write_text
from components.data_gate import executor
from components.data_gate.report import NO_PREVIOUS_SPAN, DataReport, Drift, read_report
from components.data_gate.summary import summarize
from components.example_validator.anomalies import ANOMALIES_FILE
from components.statistics_gen.counts import STATISTICS_FILE
from data.common.errors import CountMismatch, DataRefused
from data.ingestion_counts import COUNTS_FILE, IngestionCounts
from data.schema import schema_with, span_schema_text

COUNTS = {"train": {"daisy": 8, "roses": 6}, "test": {"daisy": 1, "roses": 1}}
BALANCE = ["6 to 8 training examples per class", "fewer than 7 training examples of roses (6)"]
DRIFTED = Drift(["brightness: median 0.2"], "drift: brightness: median 0.2")
LOCAL, VERTEX = "DataGate/report/7", "123/run-1/DataGate_456/report"


def artifact(kind, folder, splits=()):
    made = kind()
    made.uri = str(folder)
    if splits:
        made.split_names = artifact_utils.encode_split_names(list(splits))
    return made


@pytest.fixture
def inputs(tmp_path):
    """The input artifacts of data without problems."""
    made = {
        "statistics": artifact(standard_artifacts.ExampleStatistics, tmp_path / "s", COUNTS),
        "anomalies": artifact(standard_artifacts.ExampleAnomalies, tmp_path / "a", COUNTS),
        "quarantine": artifact(standard_artifacts.Examples, tmp_path / "q"),
        "schema": artifact(standard_artifacts.Schema, tmp_path / "schema"),
    }
    for split, classes in COUNTS.items():
        message = DatasetFeatureStatisticsList()
        message.datasets.add(num_examples=sum(classes.values()))
        content = message.SerializeToString()
        write_bytes(content, made["statistics"].uri, f"Split-{split}", STATISTICS_FILE)
        write_bytes(b"", made["anomalies"].uri, f"Split-{split}", ANOMALIES_FILE)
    counts = IngestionCounts(splits=COUNTS)
    write_text(counts.model_dump_json(), made["quarantine"].uri, COUNTS_FILE)
    write_text(schema_with(["daisy", "roses"]), made["schema"].uri, SCHEMA_FILE)
    return made


@pytest.fixture
def check(inputs, tmp_path):
    """Returns a function that runs the executor and returns the output artifact."""

    def run(drift="warn", folder=LOCAL, pipeline_run_id="run-1.2", batch_size=14):
        report = artifact(
            standard_artifacts.ExampleAnomalies, tmp_path / "root" / "artifacts" / folder
        )
        context = executor.Executor.Context(pipeline_run_id=pipeline_run_id)
        executor.Executor(context).Do(
            {key: [value] for key, value in inputs.items()},
            {"report": [report]},
            {
                "max_bad_fraction": 0.01, "batch_size": batch_size, "replicas": 1,
                "few_examples": 7, "skew": 0.15, "drift": drift, "drift_min_images": 1,
                "spans": 0, "span_before": "",
                "span_schema": span_schema_text(), "code_fingerprint": "",
            },
        )  # fmt: skip
        return report

    return run


@pytest.fixture
def drifted(monkeypatch):
    """Data that differs from the previous span."""
    monkeypatch.setattr(executor, "find_drift", lambda *arguments: DRIFTED)


def test_accepted_data_has_a_report_and_a_summary(check):
    report = check()
    found = read_report(report.uri)
    assert found == DataReport([], Drift(note=NO_PREVIOUS_SPAN), BALANCE, found.small_test)
    summary = summarize({"report": [report]}, SimpleNamespace(spans=["1"]))
    assert summary.text == "; ".join(["fit for training", *BALANCE, NO_PREVIOUS_SPAN])
    assert summary.values == {"drift": []}
    assert summary.details == found.small_test
    assert summary.details[0].startswith("only 2 test images")
    without_spans = summarize({"report": [report]}, SimpleNamespace(spans=[]))
    assert without_spans.text == "; ".join(["fit for training", *BALANCE])


@pytest.mark.parametrize(
    ("folder", "pipeline_run_id"), [(LOCAL, "run-1"), (LOCAL, "run-1.2"), (VERTEX, None)]
)
def test_of_refused_data_report_and_reasons_are_in_the_history(
    check, inputs, tmp_path, folder, pipeline_run_id
):
    write_text(schema_with(["daisy", "roses", "tulips"]), inputs["schema"].uri, SCHEMA_FILE)
    with pytest.raises(DataRefused, match="no record has class tulips"):
        check(folder=folder, pipeline_run_id=pipeline_run_id)
    history = tmp_path / "root" / "history" / "run-1"
    report = read_report(str(history))
    assert len(report.problems) == 2
    assert report.class_balance == BALANCE
    refusal = json.loads((history / "refusal.json").read_text())
    assert refusal == {"step": "DataGate", "reasons": report.problems}
    assert not (tmp_path / "root" / "artifacts" / folder).exists()


def test_a_train_split_that_does_not_fill_a_batch_is_refused(check):
    with pytest.raises(DataRefused, match=r"train: 14 examples.*\n.*--set trainer\.batch_size=14"):
        check(batch_size=15)


def test_other_counts_of_statistics_gen_are_an_error(check, inputs):
    write_bytes(b"", inputs["statistics"].uri, "Split-test", STATISTICS_FILE)
    with pytest.raises(
        CountMismatch, match="ExampleGen wrote 2 test examples, and StatisticsGen saw 0"
    ):
        check()


def test_drift_is_reported_refused_or_ignored(check, drifted, caplog):
    report = check("warn")
    assert "drift since the previous span: brightness: median 0.2" in caplog.text
    assert read_report(report.uri).drift == DRIFTED
    summary = summarize({"report": [report]}, SimpleNamespace(spans=[]))
    assert summary.text.endswith("; drift: brightness: median 0.2")
    assert summary.values == {"drift": DRIFTED.exceeded}
    with pytest.raises(DataRefused, match=r"(?s)drift since .*brightness.*--set data.drift=warn"):
        check("stop")
    ignored = read_report(check("ignore").uri)
    assert (ignored.problems, ignored.drift) == ([], Drift())
