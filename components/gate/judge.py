"""Judging: applies the rules of the gate to the counts on the test split."""

from bisect import bisect_left

from components.gate.baseline import NO_SERVING_MODEL, Comparison
from components.gate.extra import ExtraCounts
from components.gate.metrics import (
    Tally,
    class_metrics,
    macro_interval,
    macro_metrics,
    ratio,
)
from components.gate.settings import GateSettings
from components.gate.verdict import Baseline, Check, ExtraAccuracy, Verdict
from components.intervals import wilson_interval
from components.mcnemar import mcnemar_p_value
from data.common.formatting import format_p_value

# The largest test split that `needed_examples` considers.
_MOST_EXAMPLES = 1_000_000


def judge(
    tally: Tally,
    settings: GateSettings,
    comparison: Comparison = NO_SERVING_MODEL,
    extra: ExtraCounts | None = None,
) -> Verdict:
    """Returns the verdict on a model.

    Args:
      tally: The counts on the test split.
      settings: The rules.
      comparison: The serving model, whose answers were counted too if there is one.
      extra: The counts of the images of `gate.extra_data`; None if there are none.
    """
    value, low, high = _metric_with_interval(tally, settings)
    baseline = _compare(tally, comparison.version) if comparison.version else None
    elsewhere = _measure(extra, settings) if extra else None
    checks = [
        _check_min_examples(tally, settings),
        *_check_top_k(tally, settings),
        _check_target(tally, settings, value, low),
        _check_class_floor(tally, settings),
        *_check_baseline(tally, settings, baseline, comparison.problem),
        *(_check_extra(settings, elsewhere) if elsewhere else []),
    ]
    reasons = [check.words for check in checks if not check.passed]
    advice = f"{comparison.problem}, so there is no comparison; {comparison.advice}"
    return Verdict(
        blessed=not reasons, metric=settings.metric, value=value, low=low, high=high,
        target=settings.target, n=tally.examples, reasons=reasons,
        confidence=settings.confidence, checks=checks, baseline=baseline,
        notes=[advice] if comparison.advice else [], extra=elsewhere,
    )  # fmt: skip


def needed_examples(accuracy: float, target: float) -> int | None:
    """Returns the number of test examples at which the Wilson interval's lower end is the target.

    The target is lower than the accuracy. Returns None if a million examples are too few.
    """

    def lower_end(examples: int) -> float:
        return wilson_interval(int(accuracy * examples), examples)[0]

    if lower_end(_MOST_EXAMPLES) < target:
        return None
    return 1 + bisect_left(range(1, _MOST_EXAMPLES), target, key=lower_end)


def _metric_with_interval(tally: Tally, settings: GateSettings) -> tuple[float, float, float]:
    correct = {"accuracy": tally.correct, "top_k_accuracy": tally.in_top_k}.get(settings.metric)
    if correct is not None:
        return ratio(correct, tally.examples), *wilson_interval(correct, tally.examples)
    name = settings.metric.removeprefix("macro_")
    return macro_metrics(tally.confusion)[name], *macro_interval(tally.confusion, name)


def _compare(tally: Tally, version: int) -> Baseline:
    p_value = mcnemar_p_value(tally.gained, tally.lost)
    value = ratio(tally.baseline_correct, tally.compared)
    n = None if tally.compared == tally.examples else tally.compared
    return Baseline(version, value, tally.gained, tally.lost, p_value, n)


def _measure(extra: ExtraCounts, settings: GateSettings) -> ExtraAccuracy:
    low, high = wilson_interval(extra.correct, extra.examples)
    value = ratio(extra.correct, extra.examples)
    return ExtraAccuracy(value, low, high, extra.examples, extra.seen, settings.extra_target)


def _check_extra(settings: GateSettings, extra: ExtraAccuracy) -> list[Check]:
    target = extra.target
    if target is None:
        return []
    if extra.n < settings.min_examples:
        words = (
            f"too few to decide: {extra.n} images of gate.extra_data that the model has not seen "
            f"({extra.seen} it has), and min_examples is {settings.min_examples}"
        )
        return [Check("extra_target", False, words)]
    reached = extra.value if settings.confidence == "point" else extra.low
    what = "accuracy" if settings.confidence == "point" else "lower end of the accuracy's interval"
    compared = "reaches" if reached >= target else "is below"
    words = f"{what} {reached:.4f} on {extra.n} images of gate.extra_data {compared} the target"
    return [Check("extra_target", reached >= target, f"{words} {target:.4f}")]


def _check_min_examples(tally: Tally, settings: GateSettings) -> Check:
    n, least = tally.examples, settings.min_examples
    if not n:
        return Check("min_examples", False, "there are no test examples")
    words = f"{n} test images, and min_examples is {least}"
    return Check("min_examples", n >= least, words if n >= least else f"too few to decide: {words}")


def _check_top_k(tally: Tally, settings: GateSettings) -> list[Check]:
    """Returns a failed rule if every answer would count as correct."""
    classes = len(tally.class_names)
    if settings.metric != "top_k_accuracy" or settings.top_k < classes:
        return []
    words = f"top_k is {settings.top_k}, and with {classes} classes every answer counts as correct"
    return [Check("top_k", False, words)]


def _check_target(tally: Tally, settings: GateSettings, value: float, low: float) -> Check:
    name, target, n = settings.metric.replace("_", " "), settings.target, tally.examples
    if value < target:
        words = f"{name} {value:.4f} is below the target {target:.4f}"
        if settings.metric == "accuracy" and n:
            needed = next(k for k in range(tally.correct, n + 1) if k / n >= target)
            words += f": {tally.correct} of {n} test images correct, {needed} needed"
        return Check("target", False, words)
    if settings.confidence == "point" or low >= target:
        reached = f"{name} {value:.4f}" if settings.confidence == "point" else f"{low:.4f}"
        return Check("target", True, f"{reached} reaches the target {target:.4f}")
    words = (
        f"{name} {value:.4f} reaches the target {target:.4f}, but the lower end of its interval, "
        f"{low:.4f}, does not: {n} test images are too few"
    )
    if settings.metric in ("accuracy", "top_k_accuracy"):
        enough = needed_examples(value, target)
        words += f"; with this value, {f'{enough:,}' if enough else 'over a million'} are needed"
    return Check("target", False, words)


def _check_class_floor(tally: Tally, settings: GateSettings) -> Check:
    floor = settings.class_floor
    recalls = dict(zip(tally.class_names, class_metrics(tally.confusion)[1], strict=True))
    low = {name: value for name, value in recalls.items() if value < floor}
    if low:
        below = ", ".join(f"{name} {value:.3f}" for name, value in sorted(low.items()))
        return Check("class_floor", False, f"recall below the floor {floor:.3f}: {below}")
    worst = min(recalls, key=recalls.__getitem__)
    return Check("class_floor", True, f"lowest recall: {worst} {recalls[worst]:.3f}")


def _check_baseline(
    tally: Tally, settings: GateSettings, baseline: Baseline | None, no_baseline: str
) -> list[Check]:
    if baseline is None:
        return [Check("max_loss", True, f"{no_baseline}, so there is no comparison")]
    accuracy = ratio(tally.baseline_correct + tally.gained - tally.lost, tally.compared)
    # A difference of two quotients: beyond the ninth digit it is a rounding error.
    loss = round(baseline.value - accuracy, 9)
    worse = baseline.lost > baseline.gained and baseline.p_value < settings.significance
    counts = (
        f"{baseline.lost} test images are correct only with the serving model, {baseline.gained} "
        f"only with the new one: McNemar's exact test gives {format_p_value(baseline.p_value)}"
    )
    if worse:
        counts = f"significantly worse than version {baseline.version}, the serving model: {counts}"
    compared = f"accuracy {accuracy:.4f}, and {baseline.value:.4f} of version {baseline.version}"
    if baseline.n is not None:
        compared += f", on the {baseline.n} test images that it has not seen in its training"
    if loss <= settings.max_loss:
        change = f"a loss of {loss:.4f}" if loss > 0 else "no loss"
        words = f"{compared}: {change} is within max_loss {settings.max_loss:.4f}"
    else:
        words = (
            f"loses {loss:.4f} against the serving model ({compared}), more than max_loss "
            f"{settings.max_loss:.4f}"
        )
    return [
        Check("significance", not worse, f"{counts}, and significance is {settings.significance}"),
        Check("max_loss", loss <= settings.max_loss, words),
    ]
