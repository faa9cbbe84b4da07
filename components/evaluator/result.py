"""Reading what TFMA measured."""

from dataclasses import dataclass

import tensorflow_model_analysis as tfma

from components.evaluator.config import ACCURACY, EXAMPLE_COUNT


@dataclass(frozen=True)
class Accuracy:
    """How many of `examples` test examples were classified right."""

    correct: int
    examples: int


def read_accuracy(evaluation_uri: str) -> Accuracy:
    """Returns the accuracy over the whole test split, from Evaluator's artifact."""
    result = tfma.load_eval_result(evaluation_uri)
    overall = result.get_metrics_for_slice()
    examples = round(overall[EXAMPLE_COUNT]["doubleValue"])
    # TFMA keeps accuracy as a quotient of sums in floating point; the count is what was summed.
    return Accuracy(round(overall[ACCURACY]["doubleValue"] * examples), examples)
