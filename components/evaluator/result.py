"""Reading the results of TFMA."""

from typing import NamedTuple

import tensorflow_model_analysis as tfma

from components.evaluator.config import ACCURACY, EXAMPLE_COUNT


class Accuracy(NamedTuple):
    """The number of test examples, and how many of them were classified correctly."""

    correct: int
    examples: int


def read_accuracy(evaluation_uri: str) -> Accuracy:
    """Returns the accuracy over the whole test split, from the artifact of Evaluator."""
    overall = tfma.load_eval_result(evaluation_uri).get_metrics_for_slice()
    examples = round(overall[EXAMPLE_COUNT]["doubleValue"])
    # TFMA stores the accuracy as a quotient in floating point; the count is recovered from it.
    return Accuracy(round(overall[ACCURACY]["doubleValue"] * examples), examples)
