"""The confidence interval of a proportion, for the data gate and the gate."""

from scipy import stats

CONFIDENCE = 0.95


def wilson_interval(correct: int, examples: int) -> tuple[float, float]:
    """Returns the 95 % Wilson interval of a proportion; (0, 1) without examples.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927. It
    stays inside [0, 1] and is valid for small samples.
    """
    if not examples:
        return 0.0, 1.0
    interval = stats.binomtest(correct, examples).proportion_ci(CONFIDENCE, "wilson")
    return float(interval.low), float(interval.high)
