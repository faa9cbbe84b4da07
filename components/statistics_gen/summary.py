"""The summary of StatisticsGen."""

from components.statistics_gen.counts import count_examples
from components.summary import Outputs, RunFacts, StepSummary


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns how many examples the statistics cover."""
    (statistics,) = outputs["statistics"]
    return StepSummary(f"{sum(count_examples(statistics).values())} examples analyzed")
