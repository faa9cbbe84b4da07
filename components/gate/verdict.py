"""Whether a model may serve: the rule, its numbers, and its reasons in words."""

from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Verdict:
    """The gate's answer.

    Attributes:
      blessed: whether the model may be pushed.
      metric: what was measured, on the test split.
      value: the measured value, in [0, 1].
      low, high: the 95 % Wilson interval of the value.
      target: what `value` must reach.
      n: number of test examples.
      reasons: why it was refused; empty if it was blessed.
    """

    blessed: bool
    metric: str
    value: float
    low: float
    high: float
    target: float
    n: int
    reasons: list[str]


def judge_accuracy(correct: int, examples: int, target: float) -> Verdict:
    """Returns the verdict on `correct` right answers in `examples` test examples.

    The interval is E. B. Wilson's of 1927 ("Probable inference, the law of succession, and
    statistical inference"), which stays inside [0, 1] and holds for small samples.
    """
    # A second to import; the words of a verdict are told without it.
    from scipy import stats

    if not examples:
        return Verdict(False, "accuracy", 0.0, 0.0, 1.0, target, 0, ["there are no test examples"])
    value = correct / examples
    interval = stats.binomtest(correct, examples).proportion_ci(CONFIDENCE, "wilson")
    reasons = []
    if value < target:
        needed = next(k for k in range(correct, examples + 1) if k / examples >= target)
        reasons.append(
            f"accuracy {value:.4f} is below the target {target:.4f}: "
            f"{correct} of {examples} test images right, {needed} needed"
        )
    return Verdict(
        blessed=not reasons,
        metric="accuracy",
        value=value,
        low=float(interval.low),
        high=float(interval.high),
        target=target,
        n=examples,
        reasons=reasons,
    )


def in_words(verdict: Verdict) -> str:
    """Returns the verdict as a person would say it, on one line or more."""
    interval = f"95 % interval {verdict.low:.3f} to {verdict.high:.3f}"
    measured = f"{verdict.metric} {verdict.value:.3f} on {verdict.n} test images ({interval})"
    if verdict.blessed:
        return f"PASSED: {measured}, target {verdict.target:.3f}"
    return "\n  ".join([f"REFUSED: {measured}, target {verdict.target:.3f}", *verdict.reasons])
