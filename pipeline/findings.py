"""What each step found: read from its artifacts, so that a cached step tells it too."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tfx.types import Artifact

from components.data_gate.component import read_anomalies
from components.evaluator.result import read_accuracy
from components.example_gen.executor import read_counts
from components.gate.executor import read_verdict
from components.gate.verdict import in_words
from components.trainer.run import read_report
from pipeline.history import Run

Outputs = Mapping[str, Sequence[Artifact]]


def record_findings(run: Run, step: str, outputs: Outputs) -> None:
    """Writes what a finished step found into `run`: words for the console, and numbers."""
    find = _FINDERS.get(step)
    if find:
        run.step(step).found = find(run, outputs)


def _examples(run: Run, outputs: Outputs) -> str:
    counts = read_counts(_uri(outputs, "quarantine"))
    run.examples = {**counts.by_split(), "quarantined": counts.bad}
    splits = ", ".join(f"{name} {number}" for name, number in counts.by_split().items())
    return f"{counts.read} records: {splits}, set aside {counts.bad}"


def _anomalies(run: Run, outputs: Outputs) -> str:
    anomalies = read_anomalies(outputs["anomalies"][0])
    number = sum(len(found.anomaly_info) for found in anomalies.values())
    return f"{number or 'no'} anomalies"


def _images(run: Run, outputs: Outputs) -> str:
    folder = Path(_uri(outputs, "transformed_examples"))
    size = sum(file.stat().st_size for file in folder.rglob("*.gz"))
    images = run.examples["train"] + run.examples["eval"]
    side = run.settings["transform"]["image_size"]
    return f"{images} images of {side} x {side}, {size / images / 1000:.1f} kB each"


def _training(run: Run, outputs: Outputs) -> str:
    report = read_report(_uri(outputs, "model_run"))
    return (
        f"best epoch {report['best_epoch']} of {len(report['epochs'])}, "
        f"eval accuracy {report['eval_accuracy']:.3f}, {report['images_per_second']:.0f} images/s"
    )


def _evaluation(run: Run, outputs: Outputs) -> str:
    accuracy = read_accuracy(_uri(outputs, "evaluation"))
    return f"{accuracy.correct} of {accuracy.examples} test images right"


def _verdict(run: Run, outputs: Outputs) -> str:
    verdict = read_verdict(_uri(outputs, "blessing"))
    run.verdict = verdict.as_dict()
    return in_words(verdict).partition(":")[0].lower()


def _push(run: Run, outputs: Outputs) -> str:
    pushed = outputs["pushed_model"][0]
    if not pushed.get_int_custom_property("pushed"):
        return "nothing pushed"
    run.pushed = int(pushed.get_string_custom_property("pushed_version"))
    new = pushed.get_int_custom_property("new")
    return f"version {run.pushed}" if new else f"version {run.pushed} serves this model already"


def _uri(outputs: Outputs, key: str) -> str:
    uri: str = outputs[key][0].uri
    return uri


_FINDERS: dict[str, Callable[[Run, Outputs], str]] = {
    "ExampleGen": _examples,
    "ExampleValidator": _anomalies,
    "Transform": _images,
    "Trainer": _training,
    "Evaluator": _evaluation,
    "Gate": _verdict,
    "Pusher": _push,
}
