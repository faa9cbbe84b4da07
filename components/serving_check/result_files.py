"""The files in the serving check's artifact: the result, the probe's log and the smoke cases."""

import base64
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from components.artifacts import read_json, write_json
from components.lite.result import LiteResult
from components.model_store.base import SmokeCase
from components.serving_check.probe import REAL, Answer
from components.serving_check.result import ServingCheckResult

SMOKE_FILE = "smoke.json"
RESULT_FILE = "serving_check.json"
LOG_FILE = "probe.log"


def write_serving_check(result: ServingCheckResult, uri: str) -> None:
    """Writes the result to an artifact."""
    write_json(asdict(result), uri, RESULT_FILE)


def read_serving_check(uri: str) -> ServingCheckResult:
    """Returns the result in an InfraBlessing artifact of the serving check."""
    values = read_json(uri, RESULT_FILE)
    lite = LiteResult(**values["lite"]) if values.get("lite") else None
    return ServingCheckResult(**{**values, "lite": lite})


def write_smoke(examples: Mapping[str, bytes], answers: Mapping[str, np.ndarray], uri: str) -> None:
    """Writes smoke cases: tf.Examples by name, and their probabilities by `real/<name>`."""
    cases = [
        SmokeCase(
            example=base64.b64encode(example).decode(),
            probabilities=answers[f"{REAL}/{name}"].tolist(),
        )
        for name, example in examples.items()
    ]
    write_json(cases, uri, SMOKE_FILE)


def read_smoke(uri: str) -> list[SmokeCase]:
    """Returns the smoke cases in an InfraBlessing artifact of the serving check."""
    return list(read_json(uri, SMOKE_FILE))


def describe_answers(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Returns a short text for each answer: label and probability, or the error."""
    return {
        name: f"{answer['error']}: {answer['message']}"
        if "error" in answer
        else f"{answer['label']} {max(answer['probabilities']):.3f}"
        for name, answer in answers.items()
    }
