"""The rules of the serving check, and a message for each violation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.serving_check.cases import SIGNATURES
from components.serving_check.probe import (
    GARBAGE,
    Answer,
    EmptyAnswer,
    ProbeReport,
    SignatureReport,
)

# Both compute in float32, but in different orders: eagerly or as one optimized graph, in batches of
# different sizes. This changes a probability by about 1e-6; a wrong weight or pixel changes it by
# far more.
TOLERANCE = 1e-4
# Python raises UnicodeDecodeError if TensorFlow's InvalidArgumentError quotes invalid UTF-8.
_EXPECTED_ERRORS = ("InvalidArgumentError", "UnicodeDecodeError")

Expected = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Limits:
    """Upper limits; 0 stands for no limit.

    Attributes:
      latency_ms: For the 99th percentile of requests of one image, per signature.
      megabytes: For the size of all files of the SavedModel.
    """

    latency_ms: float = 0
    megabytes: float = 0


def find_serving_problems(
    report: ProbeReport,
    expected: Expected,
    class_names: Sequence[str],
    megabytes: float,
    limits: Limits,
) -> list[str]:
    """Returns why a model must not be served, one problem per line; empty if it passes.

    Args:
      report: The answers of the model in a separate process.
      expected: The reference probabilities of each image, float32 [classes], by `<kind>/<name>`.
      class_names: The classes of the schema, in the order of their ids.
      megabytes: Size of the SavedModel.
      limits: The limits for latency and size.
    """
    problems = list(_check_process(report))
    for name, signature in report["signatures"].items():
        problems += _check_signature(name, signature, expected, class_names, limits)
    if 0 < limits.megabytes < megabytes:
        allowed = f"serving.max_megabytes allows {limits.megabytes:g}"
        problems.append(f"the model has {megabytes:.1f} MB; {allowed}")
    return problems


def largest_difference(report: ProbeReport, expected: Expected) -> float | None:
    """Returns the largest difference of any probability; None if it is NaN or infinite."""
    differences = [
        _difference(answer, expected[name])
        for signature in report["signatures"].values()
        for name, answer in signature["single"].items()
        if name in expected
    ]
    largest = max(differences, default=math.inf)
    return largest if math.isfinite(largest) else None


def _check_process(report: ProbeReport) -> Iterator[str]:
    if not report["project_hidden"]:
        yield (
            "the serving process could import the project, so the check cannot show that the model "
            "does not need it; install the project as `make setup` does, not in site-packages"
        )
    for name in SIGNATURES:
        if name not in report["signatures"]:
            yield f"the signature {name} is missing"
    for name in report["unchecked"]:
        yield f"the signature {name} is not one of {', '.join(SIGNATURES)} and was not checked"


def _check_signature(
    name: str,
    signature: SignatureReport,
    expected: Expected,
    class_names: Sequence[str],
    limits: Limits,
) -> Iterator[str]:
    single = {key: signature["single"][key] for key in expected}
    first = {k: np.array(a["probabilities"]) for k, a in single.items() if "error" not in a}
    yield from _compare_answers(name, single, "the network's", expected, class_names)
    later = {"in one batch": signature["batched"], "after garbage": signature["repeated"]}
    for when, answers in later.items():
        comparable = {key: answer for key, answer in answers.items() if key in first}
        where = f"{name}, {when}"
        yield from _compare_answers(where, comparable, "the first ones", first, class_names)
    for key, answer in signature["single"].items():
        if key.startswith(GARBAGE):
            yield from _check_refusal(f"{name}: {key}", answer)
    yield from _check_empty(name, signature["empty"], len(class_names))
    latency = signature["latency_ms"]
    if latency and 0 < limits.latency_ms < latency["p99"]:
        yield (
            f"{name}: the 99th percentile of requests of one image is {latency['p99']:.1f} ms; "
            f"serving.max_latency_ms allows {limits.latency_ms:g}"
        )


def _compare_answers(
    where: str,
    answers: Mapping[str, Answer],
    source: str,
    expected: Expected,
    class_names: Sequence[str],
) -> Iterator[str]:
    """Yields how answers differ from the expected ones, which come from a source."""
    failed = {name: answer for name, answer in answers.items() if "error" in answer}
    if failed:
        name, answer = next(iter(failed.items()))
        yield (
            f"{where}: no answer to {len(failed)} of {len(answers)} images, such as {name}: "
            f"{answer['error']}: {answer['message']}"
        )
    answered = {name: answer for name, answer in answers.items() if "error" not in answer}
    differences = {name: _difference(a, expected[name]) for name, a in answered.items()}
    wrong = {name: value for name, value in differences.items() if value > TOLERANCE}
    if wrong:
        worst = max(wrong, key=wrong.__getitem__)
        yield (
            f"{where}: {len(wrong)} of {len(answered)} answers differ from {source}; "
            f"{worst} differs by {wrong[worst]:.2g}, and {TOLERANCE:g} is allowed"
        )
    mislabelled = [n for n, a in answered.items() if not _label_matches(a, class_names)]
    if mislabelled:
        name = mislabelled[0]
        yield (
            f"{where}: class_id or label of {len(mislabelled)} answers does not match the highest "
            f"probability; {name} has the label {answered[name]['label']!r}"
        )


def _check_refusal(where: str, answer: Answer) -> Iterator[str]:
    if "error" not in answer:
        yield f"{where} is answered with {answer['label']!r}; it must raise an error"
    elif answer["error"] not in _EXPECTED_ERRORS:
        yield f"{where} raises {answer['error']}, not InvalidArgumentError: {answer['message']}"


def _check_empty(name: str, answer: EmptyAnswer, classes: int) -> Iterator[str]:
    expected = {"probabilities": [0, classes], "class_id": [0], "label": [0]}
    if "error" in answer:
        yield f"{name}: an empty batch raises {answer['error']}: {answer['message']}"
    elif answer["shapes"] != expected:
        yield f"{name}: the answer to an empty batch has the shapes {answer['shapes']}"


def _difference(answer: Answer, expected: np.ndarray) -> float:
    """Returns the largest difference of a probability; infinite if it is NaN or shapes differ."""
    found = np.asarray(answer.get("probabilities", []))
    if found.shape != expected.shape:
        return math.inf
    largest = float(np.abs(found - expected).max())
    return math.inf if math.isnan(largest) else largest


def _label_matches(answer: Answer, class_names: Sequence[str]) -> bool:
    best = int(np.argmax(answer["probabilities"]))
    return answer["class_id"] == best < len(class_names) and answer["label"] == class_names[best]
