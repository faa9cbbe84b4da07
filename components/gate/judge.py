"""Judging: the rules of the gate, applied to what was counted."""

from dataclasses import replace

from scipy import stats

from components.gate.metrics import Tally, bootstrap, by_class, macro, share, wilson
from components.gate.settings import GateSettings
from components.gate.verdict import Baseline, Check, Verdict, format_p_value

# How many test images are looked at when it is said how many would do.
_MOST_EXAMPLES = 1_000_000


def judge(
    tally: Tally,
    settings: GateSettings,
    baseline_version: int = 0,
    alone: str = "no other model serves",
) -> Verdict:
    """Returns the verdict on a model.

    Args:
      tally: what was counted on the test split.
      settings: the rules.
      baseline_version: of the model that serves, where its answers were counted, too; else 0.
      alone: why there is no such model.
    """
    value, low, high = _measure(tally, settings)
    verdict = Verdict(
        blessed=False,
        metric=settings.metric,
        value=value,
        low=low,
        high=high,
        target=settings.target,
        n=tally.examples,
        reasons=[],
        confidence=settings.confidence,
        baseline=_baseline(tally, baseline_version) if baseline_version else None,
    )
    checks = [
        _enough(tally, settings),
        *_top_k(tally, settings),
        _target(tally, settings, verdict),
        _classes(tally, settings),
        *_against_baseline(tally, settings, verdict.baseline, alone),
    ]
    reasons = [check.words for check in checks if not check.passed]
    return replace(verdict, blessed=not reasons, reasons=reasons, checks=checks)


def needed_examples(rate: float, target: float) -> int | None:
    """Returns how many test examples a Wilson interval needs for its lower end to reach a target.

    Args:
      rate: share of right answers.
      target: below it.

    Returns:
      The number; None where not even a million would do.
    """
    low, high = 1, _MOST_EXAMPLES
    if wilson(round(rate * high), high)[0] < target:
        return None
    while low < high:
        middle = (low + high) // 2
        if wilson(int(rate * middle), middle)[0] >= target:
            high = middle
        else:
            low = middle + 1
    return high


def _measure(tally: Tally, settings: GateSettings) -> tuple[float, float, float]:
    """Returns the value of the metric, and its interval."""
    right = {"accuracy": tally.correct, "top_k_accuracy": tally.in_top_k}.get(settings.metric)
    if right is not None:
        return share(right, tally.examples), *wilson(right, tally.examples)
    name = settings.metric.removeprefix("macro_")
    value = macro(tally.confusion)[name]
    # Of few examples that are all right, every draw is all right, too: Wilson's is wider then.
    wide = wilson(round(value * tally.examples), tally.examples)
    low, high = bootstrap(tally.confusion, name)
    return value, min(low, wide[0]), max(high, wide[1])


def _baseline(tally: Tally, version: int) -> Baseline:
    different = tally.gained + tally.lost
    # McNemar's exact test is the sign test on the examples that one model alone has right.
    p_value = stats.binomtest(tally.lost, different).pvalue if different else 1.0
    value = share(tally.baseline_right, tally.examples)
    return Baseline(version, value, tally.gained, tally.lost, float(p_value))


def _enough(tally: Tally, settings: GateSettings) -> Check:
    n, least = tally.examples, settings.min_examples
    if not n:
        return Check("min_examples", False, "there are no test examples")
    words = f"{n} test images, and min_examples is {least}"
    return Check("min_examples", n >= least, words if n >= least else f"too few to decide: {words}")


def _top_k(tally: Tally, settings: GateSettings) -> list[Check]:
    """Returns a broken rule where every answer would be right."""
    classes = len(tally.class_names)
    if settings.metric != "top_k_accuracy" or settings.top_k < classes:
        return []
    words = f"top_k is {settings.top_k}, and with {classes} classes every answer is among so many"
    return [Check("top_k", False, words)]


def _target(tally: Tally, settings: GateSettings, verdict: Verdict) -> Check:
    name, target = settings.metric.replace("_", " "), settings.target
    value, low, n = verdict.value, verdict.low, verdict.n
    if value < target:
        words = f"{name} {value:.4f} is below the target {target:.4f}"
        if settings.metric == "accuracy" and n:
            needed = next(k for k in range(tally.correct, n + 1) if k / n >= target)
            words += f": {tally.correct} of {n} test images right, {needed} needed"
        return Check("target", False, words)
    if settings.confidence == "point" or low >= target:
        reached = f"{name} {value:.4f}" if settings.confidence == "point" else f"{low:.4f}"
        return Check("target", True, f"{reached} reaches the target {target:.4f}")
    words = (
        f"{name} {value:.4f} reaches the target {target:.4f}, but the lower end of its interval, "
        f"{low:.4f}, does not: {n} test images are too few to be sure"
    )
    if settings.metric in ("accuracy", "top_k_accuracy"):
        enough = needed_examples(value, target)
        words += f"; with this value it takes {f'{enough:,}' if enough else 'over a million'}"
    return Check("target", False, words)


def _classes(tally: Tally, settings: GateSettings) -> Check:
    floor = settings.class_floor
    recalls = dict(zip(tally.class_names, by_class(tally.confusion)[1], strict=True))
    low = {name: value for name, value in recalls.items() if value < floor}
    if low:
        below = ", ".join(f"{name} {value:.3f}" for name, value in sorted(low.items()))
        return Check("class_floor", False, f"recall below the floor {floor:.3f}: {below}")
    worst = min(recalls, key=recalls.__getitem__)
    return Check("class_floor", True, f"lowest recall: {worst} {recalls[worst]:.3f}")


def _against_baseline(
    tally: Tally, settings: GateSettings, baseline: Baseline | None, alone: str
) -> list[Check]:
    if baseline is None:
        return [Check("max_loss", True, f"{alone}, so there is no comparison")]
    value = share(tally.correct, tally.examples)
    # Of two quotients; what is behind the ninth digit is no loss.
    loss = round(baseline.value - value, 9)
    compared = f"accuracy {value:.4f}, and {baseline.value:.4f} of version {baseline.version}"
    worse = baseline.lost > baseline.gained and baseline.p_value < settings.significance
    counts = (
        f"{baseline.lost} test images only the model that serves has right, {baseline.gained} only "
        f"the new one: McNemar's exact {format_p_value(baseline.p_value)}"
    )
    if worse:
        counts = f"significantly worse than version {baseline.version}, which serves: {counts}"
    lost = f"loses {loss:.4f} against the model that serves ({compared}), more than max_loss"
    kept = f"{compared}: {f'a loss of {loss:.4f}' if loss > 0 else 'no loss'} is within max_loss"
    return [
        Check("significance", not worse, f"{counts}, and significance is {settings.significance}"),
        Check(
            "max_loss",
            loss <= settings.max_loss,
            f"{kept if loss <= settings.max_loss else lost} {settings.max_loss:.4f}",
        ),
    ]
