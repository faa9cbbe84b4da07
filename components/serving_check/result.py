"""The result of the serving check; importing this module does not import TensorFlow."""

from dataclasses import dataclass, field
from typing import Any

from components.lite.result import LiteResult, format_lite


@dataclass(frozen=True)
class ServingCheckResult:
    """The result of the serving check; if the process died, only what does not come from it.

    Attributes:
      problems: Why the model must not be served, one problem per line; empty if it passed.
      megabytes: Size of the SavedModel, in powers of 1,000.
      load_seconds: Time to load the SavedModel.
      peak_megabytes: Peak memory of the serving process.
      largest_difference: Largest difference of any probability from the reference; None if it is
        NaN or infinite.
      latency_ms: Latencies by signature, see `measure_latency` in `probe.py`; None for a signature
        that failed on a real image.
      answers: Short texts by signature and request.
      machine: The machine and the TensorFlow version that the latencies were measured with.
      lite: What was found out about the TensorFlow Lite file, whose problems are among `problems`;
        None without one.
    """

    problems: list[str]
    megabytes: float
    load_seconds: float = 0
    peak_megabytes: float = 0
    largest_difference: float | None = None
    latency_ms: dict[str, dict[str, float] | None] = field(default_factory=dict)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    lite: LiteResult | None = None

    @property
    def passed(self) -> bool:
        """Whether the model may be served."""
        return not self.problems


def format_serving_check(result: ServingCheckResult) -> str:
    """Returns the headline, and each problem on a line of its own."""
    slowest = max((times["p99"] for times in result.latency_ms.values() if times), default=None)
    latency = f", 99 % of single images within {slowest:.0f} ms" if slowest else ""
    measured = f"{result.megabytes:.1f} MB{latency}"
    lite = [format_lite(result.lite)] if result.lite else []
    if result.passed:
        requests = sum(len(answers) for answers in result.answers.values())
        headline = f"FIT TO SERVE: {requests} requests answered correctly; {measured}"
        return "\n  ".join([headline, *lite])
    return "\n  ".join([f"NOT FIT TO SERVE: {measured}", *result.problems, *lite])
