from dataclasses import asdict

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from components.gate.baseline import Comparison
from components.gate.extra import ExtraCounts
from components.gate.judge import judge, needed_examples
from components.gate.metrics import Tally
from components.gate.settings import GateSettings
from components.gate.verdict import format_rules, format_verdict, parse_verdict, with_serving_check
from components.intervals import wilson_interval

BASELINE = Comparison(version=7)


def rules(**values) -> GateSettings:
    """Returns settings of the gate that allow few test images."""
    return GateSettings(**{"min_examples": 1, **values})


def tally(correct, examples, *, gained=0, lost=0, classes=2):
    """Counts of `examples`, evenly distributed over the classes, `correct` of them correct."""
    counted = Tally([f"c{index}" for index in range(classes)], top_k=2)
    for index in range(examples):
        true = index % classes
        counted.confusion[true, true if index < correct else (true + 1) % classes] += 1
    counted.in_top_k = correct
    counted.gained, counted.lost = gained, lost
    counted.compared = examples
    counted.baseline_correct = correct - gained + lost
    return counted


def check(verdict, name):
    return next(check for check in verdict.checks if check.name == name)


def test_a_model_at_its_target_passes():
    verdict = judge(tally(8, 10), rules(target=0.8))
    assert verdict.blessed
    assert verdict.reasons == []
    assert format_verdict(verdict).startswith("PASSED: accuracy 0.800 on 10 test images")


def test_a_verdict_below_the_target_says_how_many_correct_images_are_needed():
    verdict = judge(tally(7, 10), rules(target=0.8))
    assert not verdict.blessed
    assert "7 of 10 test images correct, 8 needed" in format_verdict(verdict)


def test_without_test_examples_nothing_passes():
    verdict = judge(tally(0, 0), rules(target=0))
    assert not verdict.blessed
    assert "no test examples" in format_verdict(verdict)


def test_the_lower_end_of_an_interval_must_reach_the_target():
    settings = rules(target=0.8, confidence="interval")
    verdict = judge(tally(255, 300), settings)
    assert wilson_interval(255, 300)[0] == pytest.approx(0.8052, abs=1e-4)
    assert verdict.blessed
    verdict = judge(tally(85, 100), settings)
    assert not verdict.blessed
    needed = needed_examples(0.85, 0.8)
    assert f"with this value, {needed} are needed" in verdict.reasons[0]
    assert wilson_interval(round(0.85 * needed), needed)[0] >= 0.8
    assert wilson_interval(int(0.85 * (needed - 20)), needed - 20)[0] < 0.8


def test_the_lower_end_never_reaches_the_value_itself():
    assert needed_examples(0.8, 0.8) is None
    verdict = judge(tally(80, 100), rules(target=0.8, confidence="interval"))
    assert "over a million are needed" in verdict.reasons[0]


def test_too_few_examples_decide_nothing():
    verdict = judge(tally(10, 10), rules(target=0.5, min_examples=50))
    assert verdict.reasons == ["too few to decide: 10 test images, and min_examples is 50"]


def test_each_class_must_reach_its_floor():
    counted = tally(95, 100)
    verdict = judge(counted, rules(target=0.9, class_floor=0.95))
    assert verdict.blessed is False
    assert verdict.reasons[0].startswith("recall below the floor 0.950: c1 0.")
    assert judge(counted, rules(target=0.9, class_floor=0.9)).blessed


@pytest.mark.parametrize("metric", ["top_k_accuracy", "macro_recall", "macro_f1"])
def test_the_target_can_be_set_for_another_metric(metric):
    verdict = judge(tally(9, 12, classes=3), rules(target=0.7, metric=metric, top_k=2))
    assert verdict.metric == metric
    assert verdict.blessed
    assert verdict.low <= verdict.value <= verdict.high


def test_a_significantly_worse_model_is_refused_although_it_reaches_the_target():
    verdict = judge(tally(270, 300, gained=2, lost=15), rules(target=0.8, max_loss=1), BASELINE)
    assert not verdict.blessed
    assert verdict.baseline.version == 7
    expected = stats.binomtest(15, 17).pvalue
    assert verdict.baseline.p_value == pytest.approx(expected)
    assert verdict.reasons[0].startswith(
        "significantly worse than version 7, the serving model: 15 "
    )


@pytest.mark.parametrize(("gained", "lost"), [(15, 2), (6, 9), (0, 0)])
def test_better_or_not_significantly_worse_passes(gained, lost):
    settings = rules(target=0.8, max_loss=0.02)
    assert judge(tally(270, 300, gained=gained, lost=lost), settings, BASELINE).blessed


def test_a_large_loss_is_refused_although_it_is_not_significant():
    verdict = judge(tally(90, 100, gained=2, lost=6), rules(target=0.8, max_loss=0.03), BASELINE)
    assert check(verdict, "significance").passed
    assert verdict.reasons[0].startswith("loses 0.0400 against the serving model")


def test_the_verdict_says_why_there_is_no_comparison():
    reason = "version 3, the serving model, has other classes"
    verdict = judge(tally(9, 10), rules(), Comparison(problem=reason))
    assert f"{reason}, so there is no comparison" in check(verdict, "max_loss").words


def test_a_comparison_on_a_part_of_the_images_says_on_which():
    counted = tally(270, 300, gained=2, lost=6)
    counted.compared, counted.baseline_correct = 40, 40
    verdict = judge(counted, rules(target=0.8, max_loss=0.1), BASELINE)
    # The new model has 36 of 40 right, and 270 of all 300.
    assert check(verdict, "max_loss").words == (
        "accuracy 0.9000, and 1.0000 of version 7, on the 40 test images that it has not seen in "
        "its training: a loss of 0.1000 is within max_loss 0.1000"
    )
    assert (verdict.value, verdict.baseline.value, verdict.baseline.n) == (0.9, 1.0, 40)
    assert "accuracy 1.000 on the 40 test images that it has not seen" in format_verdict(verdict)


def test_advice_follows_the_verdict():
    comparison = Comparison(problem="version 7 has seen 9 images", advice="undo it")
    verdict = judge(tally(9, 10), rules(target=0.8), comparison)
    assert verdict.blessed
    expected = "version 7 has seen 9 images, so there is no comparison; undo it"
    assert format_verdict(verdict).splitlines()[-1].strip() == expected


def test_a_verdict_is_parsed_as_it_was_written_also_without_newer_fields():
    verdict = judge(tally(270, 300, gained=2, lost=15), rules(), BASELINE)
    assert parse_verdict(asdict(verdict)) == verdict
    text = format_rules(verdict)
    assert "FAILED  significance" in text
    assert "passed  target" in text
    old = {key: asdict(verdict)[key] for key in list(asdict(verdict))[:8]}
    assert parse_verdict(old).baseline is None


def test_a_failed_serving_check_refuses_a_blessed_model():
    verdict = judge(tally(9, 10), rules())
    problems = ["it answers too late"]
    refused = with_serving_check(verdict, passed=False, problems=problems, text="NOT FIT TO SERVE")
    assert verdict.blessed
    assert not refused.blessed
    assert refused.reasons == problems
    assert check(refused, "serving").words == "NOT FIT TO SERVE"


def test_a_passed_serving_check_does_not_change_the_decision_of_the_gate():
    for correct in (9, 7):
        verdict = judge(tally(correct, 10), rules())
        both = with_serving_check(verdict, passed=True, problems=[], text="FIT TO SERVE")
        assert (both.blessed, both.reasons) == (verdict.blessed, verdict.reasons)
        assert both.checks[:-1] == verdict.checks
        assert both.checks[-1].passed


def test_settings_that_cannot_be_met_raise():
    with pytest.raises(ValidationError, match="lower end reaches 1"):
        rules(target=1, confidence="interval")


def blessed_share(deviations, confidence, repeats=2000, n=300, target=0.8):
    """Returns how often a model is blessed that is some standard errors below the target."""
    accuracy = target - deviations * np.sqrt(target * (1 - target) / n)
    correct = np.random.default_rng(1).binomial(n, accuracy, repeats)
    settings = rules(target=target, confidence=confidence)
    verdicts = {k: judge(tally(k, n), settings).blessed for k in set(correct.tolist())}
    return np.mean([verdicts[k] for k in correct.tolist()])


def test_how_often_a_model_below_the_target_is_blessed_by_luck():
    """The first table in docs/gate.md."""
    found = {
        (deviations, confidence): blessed_share(deviations, confidence)
        for deviations in (1, 2)
        for confidence in ("point", "interval")
    }
    assert found[1, "point"] == pytest.approx(0.16, abs=0.04)
    assert found[2, "point"] == pytest.approx(0.025, abs=0.02)
    assert found[1, "interval"] < 0.01
    assert found[2, "interval"] < 0.001


def weekly(confidence, weeks, histories=400, n=300, target=0.8, deviations=1.0):
    """Returns how often at least one of the weekly models is blessed on one test split.

    All are below the target. An image is equally hard for each of them, so the weeks are not
    independent trials.
    """
    random = np.random.default_rng(2)
    accuracy = target - deviations * np.sqrt(target * (1 - target) / n)
    # A beta distribution with mean `accuracy`: most images are always correct, some hardly ever.
    strength = 1.0
    chances = random.beta(accuracy * strength, (1 - accuracy) * strength, [histories, 1, n])
    correct = (random.uniform(size=[histories, weeks, n]) < chances).sum(axis=2)
    settings = rules(target=target, confidence=confidence)
    verdicts = {k: judge(tally(k, n), settings).blessed for k in set(correct.ravel().tolist())}
    return np.mean([any(verdicts[k] for k in row) for row in correct.tolist()])


def test_how_often_a_series_of_models_below_the_target_is_blessed_by_luck():
    """The second table in docs/gate.md."""
    once, year = weekly("point", 1), weekly("point", 52)
    assert once == pytest.approx(0.16, abs=0.06)
    assert year > 2 * once
    assert weekly("interval", 52) < 0.1


def test_a_top_k_that_accepts_every_answer_is_refused():
    verdict = judge(tally(9, 12, classes=3), rules(metric="top_k_accuracy", target=0.5))
    assert not verdict.blessed
    assert "with 3 classes every answer counts as correct" in verdict.reasons[0]


def test_the_interval_of_a_few_correct_examples_is_not_empty():
    verdict = judge(tally(20, 20), rules(metric="macro_recall", confidence="interval"))
    assert verdict.low == pytest.approx(wilson_interval(20, 20)[0])


def test_a_loss_of_exactly_max_loss_passes():
    counted = tally(85, 100, gained=1, lost=6)
    assert judge(counted, rules(target=0.5, max_loss=0.05, significance=1e-9), BASELINE).blessed


EXTRA = ExtraCounts(correct=63, examples=100, seen=20)


def test_the_accuracy_elsewhere_is_reported_and_refuses_nothing_without_a_target():
    verdict = judge(tally(9, 10), rules(extra_data="more/"), extra=EXTRA)
    assert verdict.blessed
    assert (verdict.extra.value, verdict.extra.n, verdict.extra.seen) == (0.63, 100, 20)
    assert format_verdict(verdict).splitlines()[-1] == (
        "  accuracy 0.630 on 100 images of gate.extra_data (95 % interval 0.532 to 0.718; 20 that "
        "it has seen do not count)"
    )
    assert parse_verdict(asdict(verdict)) == verdict


@pytest.mark.parametrize(
    ("target", "confidence", "blessed"),
    [(0.63, "point", True), (0.64, "point", False), (0.6, "interval", False)],
)
def test_a_target_elsewhere_must_be_reached(target, confidence, blessed):
    settings = rules(target=0.1, extra_data="more/", extra_target=target, confidence=confidence)
    verdict = judge(tally(9, 10), settings, extra=EXTRA)
    assert verdict.blessed == blessed
    assert check(verdict, "extra_target").passed == blessed
    assert "on 100 images of gate.extra_data" in check(verdict, "extra_target").words


def test_too_few_unseen_images_elsewhere_decide_nothing():
    settings = rules(min_examples=5, target=0.1, extra_data="more/", extra_target=0.1)
    verdict = judge(tally(9, 10), settings, extra=ExtraCounts(3, 3, 117))
    assert verdict.reasons == [
        "too few to decide: 3 images of gate.extra_data that the model has not seen (117 it has), "
        "and min_examples is 5"
    ]


def test_without_an_unseen_image_elsewhere_no_accuracy_is_claimed():
    verdict = judge(tally(9, 10), rules(extra_data="more/"), extra=ExtraCounts(0, 0, 20))
    assert verdict.blessed
    assert format_verdict(verdict).splitlines()[-1] == (
        "  no accuracy on gate.extra_data: the model has seen all of its 20 images"
    )


def test_a_target_elsewhere_needs_data():
    with pytest.raises(ValidationError, match="extra_target needs extra_data"):
        rules(extra_target=0.5)
