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


def f1_interval(correct: int, involved: int) -> tuple[float, float]:
    """Returns the 95 % interval of the F1 score of a class; (0, 1) without examples.

    F1 is 2 J / (1 + J), where J is the share of the correct ones among all examples that are of the
    class or were classified as it. J is a proportion, and its Wilson interval is transformed.

    Args:
      correct: The number of examples of the class that were classified as it.
      involved: The number of examples that are of the class, or were classified as it, or both.
    """
    low, high = wilson_interval(correct, involved)
    return 2 * low / (1 + low), 2 * high / (1 + high)
