"""Whether a model may serve: the rules, their numbers, and the reasons in words."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """One rule of the gate: its name in the settings, whether it was kept, and how in words."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True)
class Baseline:
    """The model that serves, on the same test examples.

    Attributes:
      version: of the served model.
      value: its accuracy.
      gained: examples that only the new model has right.
      lost: examples that only the one that serves has right.
      p_value: of McNemar's exact test, two-sided.
    """

    version: int
    value: float
    gained: int
    lost: int
    p_value: float


@dataclass(frozen=True)
class Verdict:
    """The gate's answer.

    Attributes:
      blessed: whether the model may be pushed.
      metric: what was measured, on the test split.
      value: the measured value, in [0, 1].
      low, high: the 95 % interval of the value.
      target: what must be reached.
      n: number of test examples.
      reasons: why it was refused; empty if it was blessed.
      confidence: what had to reach the target: the value (`point`) or `low` (`interval`).
      checks: all rules.
      baseline: the comparison with the model that serves; None where there is none.
      digest: of the files of the model that was measured.
    """

    blessed: bool
    metric: str
    value: float
    low: float
    high: float
    target: float
    n: int
    reasons: list[str]
    confidence: str = "point"
    checks: list[Check] = field(default_factory=list)
    baseline: Baseline | None = None
    digest: str = ""


def parse_verdict(values: dict[str, Any]) -> Verdict:
    """Returns the verdict that a `verdict.json` holds."""
    checks = [Check(**check) for check in values.get("checks", [])]
    baseline = values.get("baseline")
    return Verdict(
        **{**values, "checks": checks, "baseline": Baseline(**baseline) if baseline else None}
    )


def format_verdict(verdict: Verdict) -> str:
    """Returns the verdict as a person would say it, on one line or more."""
    name = verdict.metric.replace("_", " ")
    interval = f"95 % interval {verdict.low:.3f} to {verdict.high:.3f}"
    measured = f"{name} {verdict.value:.3f} on {verdict.n} test images ({interval})"
    if verdict.confidence == "interval":
        goal = f"target {verdict.target:.3f} for the lower end"
    else:
        goal = f"target {verdict.target:.3f}"
    lines = [f"{'PASSED' if verdict.blessed else 'REFUSED'}: {measured}, {goal}", *verdict.reasons]
    if verdict.blessed and verdict.baseline:
        lines.append(_beside(verdict.baseline))
    return "\n  ".join(lines)


def format_rules(verdict: Verdict) -> str:
    """Returns every rule with its numbers, and what came of it."""
    marks = {True: "kept   ", False: "BROKEN "}
    rules = [f"  {marks[c.passed]} {c.name}: {c.words}" for c in verdict.checks]
    return "\n".join([format_verdict(verdict), "", "The rules, as `gate.*` sets them:", *rules])


def _beside(baseline: Baseline) -> str:
    return (
        f"version {baseline.version}, which serves, has {baseline.value:.3f} on the same images: "
        f"{baseline.gained} only the new model has right, {baseline.lost} only the old one "
        f"(McNemar's exact {format_p_value(baseline.p_value)})"
    )


def format_p_value(p_value: float) -> str:
    """Returns `p = 0.0123`, or that it is smaller than such a number shows."""
    return f"p = {p_value:.4f}" if p_value >= 1e-4 else "p < 0.0001"
