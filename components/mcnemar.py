"""McNemar's exact test, which compares two models on the same images."""

from scipy import stats


def mcnemar_p_value(gained: int, lost: int) -> float:
    """Returns the two-sided p-value of McNemar's exact test; 1 if the models never differ.

    It is the sign test on the images that one model alone classifies correctly: the probability of
    a split at least as uneven as this one if both models were equally good.

    Args:
      gained: Number of images that only the new model classifies correctly.
      lost: Number of images that only the old model classifies correctly.
    """
    different = gained + lost
    return float(stats.binomtest(lost, different).pvalue) if different else 1.0
