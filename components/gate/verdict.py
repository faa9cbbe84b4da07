"""The verdict of the gate: whether a model may serve, with all rules, numbers and reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from components.artifacts import read_json
from data.common.formatting import format_p_value

# Files in the gate's ModelBlessing artifact.
VERDICT_FILE = "verdict.json"
METRICS_FILE = "metrics.json"


@dataclass(frozen=True)
class Check:
    """The result of one rule: its name in the settings, whether it passed, and an explanation."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True)
class Baseline:
    """The serving model, evaluated on the test examples that it has not seen in its training.

    Attributes:
      version: Number of the serving version.
      value: Its accuracy.
      gained: Number of examples that only the new model classifies correctly.
      lost: Number of examples that only the serving model classifies correctly.
      p_value: Two-sided p-value of McNemar's exact test.
      n: Number of these examples; None if they are all of the test split.
    """

    version: int
    value: float
    gained: int
    lost: int
    p_value: float
    n: int | None = None


@dataclass(frozen=True)
class ExtraAccuracy:
    """The accuracy on the images of `gate.extra_data` that the model has not seen.

    Attributes:
      value: The accuracy; 0 without an image.
      low, high: Its 95 % interval.
      n: Number of these images.
      seen: Number of the images that look like one that the model has seen; they do not count.
      target: The accuracy that must be reached; None if it is only reported.
    """

    value: float
    low: float
    high: float
    n: int
    seen: int
    target: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The decision of the gate.

    Attributes:
      blessed: Whether the model may be pushed.
      metric: Name of the metric, measured on the test split.
      value: Value of the metric, in [0, 1].
      low, high: The 95 % interval of the value.
      target: The value that must be reached.
      n: Number of test examples.
      reasons: Why the model was refused; empty if it was blessed.
      confidence: What must reach the target: the value (`point`) or `low` (`interval`).
      checks: The results of all rules.
      baseline: The comparison with the serving model; None without one.
      digest: Digest of the files of the evaluated model.
      notes: What a user should know although no rule forbids to push the model.
      extra: The accuracy on images from elsewhere; None without `gate.extra_data`.
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
    notes: list[str] = field(default_factory=list)
    extra: ExtraAccuracy | None = None


def parse_verdict(values: dict[str, Any]) -> Verdict:
    """Returns the verdict in the values of a `verdict.json`."""
    checks = [Check(**check) for check in values.get("checks", [])]
    baseline = Baseline(**values["baseline"]) if values.get("baseline") else None
    extra = ExtraAccuracy(**values["extra"]) if values.get("extra") else None
    return Verdict(**{**values, "checks": checks, "baseline": baseline, "extra": extra})


def read_verdict(blessing_uri: str) -> Verdict:
    """Returns the verdict in the gate's ModelBlessing artifact."""
    return parse_verdict(read_json(blessing_uri, VERDICT_FILE))


def read_metrics(blessing_uri: str) -> dict[str, Any]:
    """Returns the metrics in the gate's ModelBlessing artifact, see `Tally.metrics`."""
    return dict(read_json(blessing_uri, METRICS_FILE))


def with_serving_check(
    verdict: Verdict, passed: bool, problems: Sequence[str], text: str
) -> Verdict:
    """Returns the verdict of gate and serving check together: both must bless the model.

    `problems` and `text` are the problems that the serving check found and its result as text.
    """
    return replace(
        verdict,
        blessed=verdict.blessed and passed,
        reasons=[*verdict.reasons, *problems],
        checks=[*verdict.checks, Check("serving", passed, text)],
    )


def format_verdict(verdict: Verdict) -> str:
    """Returns the verdict as text, one line or more."""
    name = verdict.metric.replace("_", " ")
    interval = f"95 % interval {verdict.low:.3f} to {verdict.high:.3f}"
    measured = f"{name} {verdict.value:.3f} on {verdict.n} test images ({interval})"
    goal = f"target {verdict.target:.3f}"
    if verdict.confidence == "interval":
        goal += " for the lower end"
    lines = [f"{'PASSED' if verdict.blessed else 'REFUSED'}: {measured}, {goal}", *verdict.reasons]
    if verdict.blessed and verdict.baseline:
        lines.append(_format_baseline(verdict.baseline))
    if verdict.extra:
        lines.append(_format_extra(verdict.extra))
    lines += verdict.notes
    return "\n  ".join(lines)


def format_rules(verdict: Verdict) -> str:
    """Returns the verdict and the result of every rule as text."""
    rules = [f"  {'passed' if c.passed else 'FAILED'}  {c.name}: {c.words}" for c in verdict.checks]
    return "\n".join([format_verdict(verdict), "", "The rules, as set by `gate.*`:", *rules])


def _format_baseline(baseline: Baseline) -> str:
    images = "the same" if baseline.n is None else f"the {baseline.n} test"
    seen = "" if baseline.n is None else " that it has not seen in its training"
    return (
        f"version {baseline.version}, the serving model, has accuracy {baseline.value:.3f} on "
        f"{images} images{seen}: {baseline.gained} are correct only with the new model, "
        f"{baseline.lost} only with the serving one (McNemar's exact test: "
        f"{format_p_value(baseline.p_value)})"
    )


def _format_extra(extra: ExtraAccuracy) -> str:
    if not extra.n:
        return f"no accuracy on gate.extra_data: the model has seen all of its {extra.seen} images"
    seen = f"; {extra.seen} that it has seen do not count" if extra.seen else ""
    goal = "" if extra.target is None else f", target {extra.target:.3f}"
    return (
        f"accuracy {extra.value:.3f} on {extra.n} images of gate.extra_data (95 % interval "
        f"{extra.low:.3f} to {extra.high:.3f}{seen}){goal}"
    )
