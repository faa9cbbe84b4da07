"""What each step found: read from its artifacts, so that a cached step tells it too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.types import Artifact, artifact_utils

from components.artifacts import SCHEMA_FILE, read_bytes, read_schema
from components.data_gate.balance import class_balance
from components.data_gate.component import IGNORE, read_anomalies
from components.data_gate.drift import find_drift
from components.evaluator.result import read_accuracy
from components.example_gen.executor import read_counts
from components.gate.executor import read_verdict
from components.gate.verdict import Check, format_verdict
from components.serving_check.result import format_serving_check, read_serving_check
from components.trainer.run import read_report
from data.common.formatting import format_list
from data.schema import class_names, span_schema_text
from pipeline.history.runs import Run

Outputs = Mapping[str, Sequence[Artifact]]


def record_findings(run: Run, step: str, outputs: Outputs) -> None:
    """Writes what a finished step found into `run`: words for the console, and numbers."""
    find = _FINDERS.get(step)
    if find:
        run.step(step).found = find(run, outputs)


def _examples(run: Run, outputs: Outputs) -> str:
    run.quarantine = _uri(outputs, "quarantine")
    counts = read_counts(run.quarantine)
    run.classes = counts.splits
    run.examples = {**counts.by_split(), "quarantined": counts.bad}
    splits = ", ".join(f"{name} {number}" for name, number in counts.by_split().items())
    broken = f", broken files {len(counts.broken_files)}" if counts.broken_files else ""
    near = f", {counts.near_duplicates} near-duplicates across splits"
    return (
        f"{counts.read} records: {splits}, quarantined {counts.bad}{broken}"
        f"{near if counts.near_duplicates else ''}"
    )


def _schema(run: Run, outputs: Outputs) -> str:
    names = class_names(read_schema(_uri(outputs, "schema"), SCHEMA_FILE))
    return f"{len(names)} classes, from {run.classes_from}: {format_list(names)}"


def _statistics(run: Run, outputs: Outputs) -> str:
    statistics = outputs["statistics"][0]
    for split in artifact_utils.decode_split_names(statistics.split_names):
        content = read_bytes(statistics.uri, f"Split-{split}", "FeatureStats.pb")
        (found,) = statistics_pb2.DatasetFeatureStatisticsList.FromString(content).datasets
        _must_agree(run, split, found.num_examples)
    return f"{sum(run.examples.values()) - run.examples['quarantined']} examples looked at"


def _anomalies(run: Run, outputs: Outputs) -> str:
    found = read_anomalies(outputs["anomalies"][0]).values()
    number = sum(len(a.anomaly_info) + a.HasField("dataset_anomaly_info") for a in found)
    return f"anomalies: {number or 'none'}"


def _data_gate(run: Run, outputs: Outputs) -> str:
    data = run.settings["data"]
    counts = read_counts(str(run.quarantine))
    balance = class_balance(counts, data["few_examples"], data["skew"])
    return "; ".join(["fit to train on", *balance, *_drift(run)])


def _drift(run: Run) -> list[str]:
    data = run.settings["data"]
    if data["drift"] == IGNORE:
        return []
    found = find_drift(
        str(run.quarantine), run.span_before, span_schema_text(), data["drift_min_images"]
    )
    if not found:
        return ["drift not looked at: no span before"] if run.spans else []
    run.drift = found.exceeded
    return [f"drift: {format_list(run.drift)}" if run.drift else found.note]


def _images(run: Run, outputs: Outputs) -> str:
    folder = Path(_uri(outputs, "transformed_examples"))
    size = sum(file.stat().st_size for file in folder.rglob("*.gz"))
    images = run.examples["train"] + run.examples["eval"]
    side = run.settings["transform"]["image_size"]
    return f"{images} images of {side} x {side}, {size / images / 1000:.1f} kB each"


def _training(run: Run, outputs: Outputs) -> str:
    run.model_uri = _uri(outputs, "model")
    report = run.training = read_report(_uri(outputs, "model_run"))
    _must_agree(run, "train", report["train_examples"])
    _must_agree(run, "eval", report["eval_examples"])
    resumed = report["resumed_at"]
    again = f", gone on before epoch {', '.join(map(str, resumed))}" if resumed else ""
    begun = f"from version {run.warm_start.version}: " if run.warm_start else ""
    return (
        f"{begun}best epoch {report['best_epoch']} of {len(report['epochs'])}, "
        f"eval accuracy {report['eval_accuracy']:.3f}, {report['images_per_second']:.0f} images/s, "
        f"first step {report['first_step_seconds']:.1f} s{again}"
    )


def _evaluation(run: Run, outputs: Outputs) -> str:
    accuracy = read_accuracy(_uri(outputs, "evaluation"))
    _must_agree(run, "test", accuracy.examples)
    return f"{accuracy.correct} of {accuracy.examples} test images right"


def _verdict(run: Run, outputs: Outputs) -> str:
    verdict = read_verdict(_uri(outputs, "blessing"))
    run.verdict = asdict(verdict)
    return format_verdict(verdict).partition(":")[0].lower()


def _serving(run: Run, outputs: Outputs) -> str:
    result = read_serving_check(_uri(outputs, "blessing"))
    run.serving_check = asdict(result)
    words = format_serving_check(result)
    if run.verdict and not result.fit:
        # Both must bless: the verdict is that of the whole.
        run.verdict["blessed"] = False
        run.verdict["reasons"] += result.problems
    if run.verdict:
        check = Check("serving", result.fit, words)
        run.verdict["checks"].append(asdict(check))
    return words.partition("\n")[0]


def _push(run: Run, outputs: Outputs) -> str:
    pushed = outputs["pushed_model"][0]
    if not pushed.get_int_custom_property("pushed"):
        run.withdrawn = pushed.get_int_custom_property("withdrawn") or None
        if run.withdrawn:
            return f"nothing pushed: this model was version {run.withdrawn} and was withdrawn"
        return "nothing pushed"
    run.pushed = int(pushed.get_string_custom_property("pushed_version"))
    run.digest = pushed.get_string_custom_property("digest")
    new = pushed.get_int_custom_property("new")
    return f"version {run.pushed}" if new else f"version {run.pushed} serves this model already"


def _must_agree(run: Run, split: str, examples: int) -> None:
    """Makes sure that a step saw what ExampleGen put into a split: no record is lost on the way."""
    if examples != run.examples[split]:
        raise RuntimeError(
            f"{run.examples[split]} {split} examples were read, and this step saw {examples}"
        )


def _uri(outputs: Outputs, key: str) -> str:
    uri: str = outputs[key][0].uri
    return uri


_FINDERS: dict[str, Callable[[Run, Outputs], str]] = {
    "ExampleGen": _examples,
    "Schema": _schema,
    "StatisticsGen": _statistics,
    "ExampleValidator": _anomalies,
    "DataGate": _data_gate,
    "Transform": _images,
    "Trainer": _training,
    "Evaluator": _evaluation,
    "Gate": _verdict,
    "ServingCheck": _serving,
    "Pusher": _push,
}
