"""The summary of a finished Evaluator."""

from components.evaluator.evaluation import read_accuracy
from components.summary import Outputs, RunFacts, StepSummary, uri_of


def summarize(outputs: Outputs, run: RunFacts) -> StepSummary:
    """Returns the number of test images that were classified correctly."""
    accuracy = read_accuracy(uri_of(outputs, "evaluation"))
    return StepSummary(f"{accuracy.correct} of {accuracy.examples} test images correct")
