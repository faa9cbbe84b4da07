import pytest

from components.gate.verdict import in_words, judge_accuracy


def test_a_model_at_its_target_passes():
    verdict = judge_accuracy(8, 10, 0.8)
    assert verdict.blessed
    assert verdict.reasons == []
    assert in_words(verdict).startswith("PASSED: accuracy 0.800 on 10 test images")


def test_a_model_below_its_target_is_told_how_many_it_needed():
    verdict = judge_accuracy(7, 10, 0.8)
    assert not verdict.blessed
    assert "7 of 10 test images right, 8 needed" in in_words(verdict)


def test_the_interval_is_wilsons():
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    verdict = judge_accuracy(81, 263, 0.5)
    assert (verdict.low, verdict.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize("correct", [0, 10])
def test_the_interval_stays_inside_zero_and_one(correct):
    verdict = judge_accuracy(correct, 10, 0.5)
    assert 0 <= verdict.low < verdict.high <= 1
    assert verdict.high - verdict.low > 0.2


def test_without_test_examples_nothing_passes():
    verdict = judge_accuracy(0, 0, 0.0)
    assert not verdict.blessed
    assert "no test examples" in in_words(verdict)
