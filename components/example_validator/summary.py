"""The summary of ExampleValidator."""

from components.example_validator.anomalies import read_anomalies
from components.summary import Outputs, RunFacts, StepSummary


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the number of anomalies in all splits."""
    (artifact,) = outputs["anomalies"]
    number = sum(
        len(anomalies.anomaly_info) + anomalies.HasField("dataset_anomaly_info")
        for anomalies in read_anomalies(artifact).values()
    )
    return StepSummary(f"anomalies: {number or 'none'}")
