"""What the serving check found: in the blessing's artifact, and in words."""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from components.artifacts import read_json, write_json
from components.model_store.base import SmokeCase
from components.serving_check.probe import REAL, Answer, Latency, ProbeReport

SMOKE_FILE = "smoke.json"
RESULT_FILE = "serving_check.json"
LOG_FILE = "probe.log"


@dataclass(frozen=True)
class ServingCheckResult:
    """The serving check's answer. Where the process died, there is no more than `megabytes`.

    Attributes:
      problems: why the model must not serve; empty if it is fit to.
      megabytes: size of the SavedModel, in powers of 1,000.
      load_seconds: to load it.
      peak_megabytes: the most memory that the process took.
      largest_difference: of any probability from the network's own; None where it is no number.
      latency_ms: by signature: `p50` and `p99` of requests of one image, `batch_p50` of 32.
      answers: by signature and request, in short.
      machine: what the latencies were measured on.
    """

    problems: list[str]
    megabytes: float
    load_seconds: float = 0
    peak_megabytes: float = 0
    largest_difference: float | None = None
    latency_ms: dict[str, Latency | None] = field(default_factory=dict)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)

    @property
    def fit(self) -> bool:
        """Whether the model may serve."""
        return not self.problems


def make_result(
    problems: list[str], megabytes: float, report: ProbeReport, largest_difference: float | None
) -> ServingCheckResult:
    """Returns the result of a report."""
    signatures = report["signatures"]
    return ServingCheckResult(
        problems=problems,
        megabytes=megabytes,
        load_seconds=report["load_seconds"],
        peak_megabytes=report["peak_megabytes"],
        largest_difference=largest_difference,
        latency_ms={name: signature["latency_ms"] for name, signature in signatures.items()},
        answers={name: _in_short(signature["alone"]) for name, signature in signatures.items()},
        machine=report["machine"],
    )


def write_serving_check(result: ServingCheckResult, uri: str) -> None:
    """Writes the result into an artifact."""
    write_json(asdict(result), uri, RESULT_FILE)


def write_smoke(examples: Mapping[str, bytes], answers: Mapping[str, np.ndarray], uri: str) -> None:
    """Writes test images, with what the network answers, for a model that is served elsewhere.

    Args:
      examples: serialized tf.Examples by name.
      answers: float32 [classes], by `real/<name>`.
      uri: of the artifact.
    """
    cases = [
        SmokeCase(
            example=base64.b64encode(example).decode(),
            probabilities=answers[f"{REAL}/{name}"].tolist(),
        )
        for name, example in examples.items()
    ]
    write_json(cases, uri, SMOKE_FILE)


def read_smoke(uri: str) -> list[SmokeCase]:
    """Returns what `write_smoke` wrote into an InfraBlessing artifact."""
    cases: list[SmokeCase] = read_json(uri, SMOKE_FILE)
    return cases


def read_serving_check(uri: str) -> ServingCheckResult:
    """Returns the result that lies in an InfraBlessing artifact of the serving check."""
    return ServingCheckResult(**read_json(uri, RESULT_FILE))


def format_serving_check(result: ServingCheckResult) -> str:
    """Returns the result as a person would say it, on one line or more."""
    slowest = max((times["p99"] for times in result.latency_ms.values() if times), default=None)
    latency = f", 99 % of single images within {slowest:.0f} ms" if slowest else ""
    measured = f"{result.megabytes:.1f} MB{latency}"
    if result.fit:
        asked = sum(len(answers) for answers in result.answers.values())
        return f"FIT TO SERVE: {asked} requests answered as they must be; {measured}"
    return "\n  ".join([f"NOT FIT TO SERVE: {measured}", *result.problems])


def _in_short(answers: Mapping[str, Answer]) -> dict[str, str]:
    return {
        name: f"{answer['error']}: {answer['message']}"
        if "error" in answer
        else f"{answer['label']} {max(answer['probabilities']):.3f}"
        for name, answer in answers.items()
    }
