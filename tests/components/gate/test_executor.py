import logging

import numpy as np
import pytest

from components.evaluator.evaluation import Accuracy
from components.gate.executor import check_counts
from components.gate.metrics import Tally
from data.common.errors import CountMismatch
from data.ingestion_counts import IngestionCounts

COUNTS = IngestionCounts(splits={"train": {"a": 20}, "test": {"a": 6, "b": 4}})


@pytest.fixture
def tally():
    """Counts of 10 test examples, 8 of them correct."""
    counted = Tally(["a", "b"], top_k=2)
    counted.confusion = np.array([[5, 1], [1, 3]])
    return counted


def test_equal_counts_pass(tally):
    check_counts(Accuracy(correct=8, examples=10), tally, COUNTS)


def test_evaluator_must_see_all_test_examples_that_example_gen_wrote(tally):
    with pytest.raises(CountMismatch, match="wrote 10 test examples, and Evaluator saw 9"):
        check_counts(Accuracy(correct=8, examples=9), tally, COUNTS)


def test_tfma_and_the_predictions_must_agree(tally):
    with pytest.raises(RuntimeError, match=r"TFMA counted 7 of 10 .* predictions 8 of 10"):
        check_counts(Accuracy(correct=7, examples=10), tally, COUNTS)


def test_a_near_tie_may_be_counted_differently_and_is_reported(tally, caplog):
    tally.near_ties = 1
    with caplog.at_level(logging.INFO, "flowers.progress"):
        check_counts(Accuracy(correct=7, examples=10), tally, COUNTS)
    (line,) = caplog.messages
    assert line == "TFMA counts 7 test images as correct, the gate 8: rounding decides 1 near ties"
    with pytest.raises(RuntimeError, match="TFMA counted 6 of 10"):
        check_counts(Accuracy(correct=6, examples=10), tally, COUNTS)
