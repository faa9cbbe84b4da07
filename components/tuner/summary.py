"""The Tuner's summary."""

from components.summary import Outputs, RunFacts, StepSummary, uri_of
from components.tuner.formatting import describe_search
from components.tuner.trials import read_search


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the best trial of a search, and how many trials ended how."""
    search = read_search(uri_of(outputs, "tuner_results"))
    return StepSummary(describe_search(search), {"search": search})
